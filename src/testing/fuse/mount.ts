/**
 * File systems of our own for tests: a share that fails as told, and a disk that loses its power.
 *
 * Both are served by a process of their own (serve.ts), over /dev/fuse. They show as "fuse", which onefold takes for
 * remote. Only root can mount them, and not in every container: null is returned then.
 */
import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:fs";
import { access, mkdtemp, rmdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type PathText, pathText } from "../../model/path.ts";
import type { Rule } from "./faults.ts";
import type { Operation } from "./requests.ts";
import type { Answer, Question } from "./serve.ts";

export type { Rule } from "./faults.ts";

/** Why a test is skipped that got no mount. */
export const noMounts = "file systems cannot be mounted here: that takes root and /dev/fuse";

/**
 * A real folder, mounted once more, with faults.
 *
 * ```ts
 * await using share = await faultyMount(disk.path("phone"));
 * await share?.set([
 *   { on: ["read"], path: "^DCIM/7\\.jpg$", fault: { fail: "EIO" } },
 *   { on: ["open", "read", "readdir"], fault: { delayMs: 2 } },
 *   { on: ["readdir"], path: "^DCIM$", times: 1, fault: { fail: "ENOENT", afterNames: 3 } },
 * ]);
 * await share?.set([{ on: "everything", fault: { hang: true } }]); // until the next set()
 * await share?.set([{ on: "everything", fault: { fail: "ENOTCONN" } }]); // as if the server were gone
 * await share?.set([]); // calm
 * ```
 *
 * A program that waits for a call that hangs cannot be killed, as on a real share: let it go by `set` or by disposing.
 */
export interface FaultyMount extends AsyncDisposable {
  readonly root: PathText;
  /** Instead of the rules before; what hangs goes on. */
  set(rules: readonly Rule[]): Promise<void>;
  /** How many calls of each kind there were so far. */
  calls(): Promise<Readonly<Partial<Record<Operation, number>>>>;
}

/** An empty disk in memory that keeps only what was flushed, and of the rest what chance leaves; see crash-disk.ts. */
export interface CrashMount extends AsyncDisposable {
  readonly root: PathText;
  /**
   * Lets the disk stop before its n-th change from now (1: the next): whoever asks it anything waits from then on.
   *
   * @returns what settles when it has stopped
   */
  freezeAt(change: number): Promise<{ readonly frozen: Promise<void> }>;
  /** The disk goes on where it stopped; what it was asked meanwhile has failed. */
  thaw(): Promise<void>;
  /** How many changes there were since the last crash, or since freezing was asked for. */
  changes(): Promise<number>;
  /**
   * The power goes. Whoever was using the disk must be killed before, and dies with this if the disk was frozen.
   *
   * @param loses A seed for what chance leaves of all that was not flushed, or everything of it.
   */
  crash(loses: number | "everything"): Promise<void>;
  /** As `sync` does: all that was written so far is on the disk for good. */
  flush(): Promise<void>;
}

/** @param root Absolute path of the folder to show. */
export async function faultyMount(root: PathText): Promise<FaultyMount | null> {
  const mount = await startMount("faulty", root);
  if (mount === null) return null;
  return {
    root: mount.root,
    set: async (rules) => {
      await mount.ask({ ask: "rules", rules });
    },
    calls: () => mount.ask<Record<Operation, number>>({ ask: "calls" }),
    [Symbol.asyncDispose]: mount.close,
  };
}

export async function crashMount(): Promise<CrashMount | null> {
  const mount = await startMount("crash", "");
  if (mount === null) return null;
  return {
    root: mount.root,
    freezeAt: async (change) => {
      const frozen = mount.heard("frozen");
      await mount.ask({ ask: "freezeAt", change });
      return { frozen };
    },
    thaw: async () => {
      await mount.ask({ ask: "thaw" });
    },
    changes: () => mount.ask<number>({ ask: "changes" }),
    crash: async (loses) => {
      await mount.ask({ ask: "crash", loses });
    },
    flush: async () => {
      await mount.ask({ ask: "flush" });
    },
    [Symbol.asyncDispose]: mount.close,
  };
}

interface Mount {
  readonly root: PathText;
  ask<Reply>(question: Question): Promise<Reply>;
  heard(news: string): Promise<void>;
  readonly close: () => Promise<void>;
}

async function startMount(kind: "faulty" | "crash", served: string): Promise<Mount | null> {
  if (process.getuid?.() !== 0 || !(await canOpenDevice())) return null;
  const point = await mkdtemp(join(tmpdir(), "onefold-fuse-"));
  const child = fork(fileURLToPath(new URL("./serve.js", import.meta.url)), [kind, point, served], {
    execArgv: [],
    // Ctrl-C ends the test, which ends the server; a server that died first would leave its mount behind.
    detached: true,
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const mount = connect(child, point);
  if (await mount.stands) return mount;
  await mount.close();
  return null;
}

function connect(child: ChildProcess, point: string): Mount & { readonly stands: Promise<boolean> } {
  const ended = once(child, "exit");
  const waiting: { resolve(answer: unknown): void; reject(error: Error): void }[] = [];
  const heard = (news: string) =>
    new Promise<void>((resolve) => {
      const look = (message: Answer) => {
        if (!("news" in message) || message.news !== news) return;
        child.off("message", look);
        resolve();
      };
      child.on("message", look);
    });
  child.on("message", (message: Answer) => {
    if ("answer" in message) waiting.shift()?.resolve(message.answer);
  });
  child.once("exit", () => {
    for (const { reject } of waiting.splice(0)) reject(new Error("the server of the mount has died"));
  });
  return {
    root: pathText(Buffer.from(point)),
    stands: Promise.race([heard("mounted").then(() => true), ended.then(() => false)]),
    heard,
    ask: <Reply>(question: Question) =>
      new Promise<Reply>((resolve, reject) => {
        waiting.push({ resolve: (answer) => resolve(answer as Reply), reject });
        child.send(question);
      }),
    close: async () => {
      if (child.connected) child.disconnect();
      await ended;
      // Nothing is mounted there any more, unless the server died.
      await once(spawn("umount", ["-l", point], { stdio: "ignore" }), "exit");
      await rmdir(point);
    },
  };
}

function canOpenDevice(): Promise<boolean> {
  return access("/dev/fuse", constants.R_OK | constants.W_OK).then(
    () => true,
    () => false,
  );
}
