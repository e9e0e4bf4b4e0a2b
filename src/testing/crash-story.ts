import assert from "node:assert/strict";
import { mkdir, rm, writeFile } from "node:fs/promises";
import type { TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { blake3 } from "@napi-rs/blake-hash";
import { systemPath } from "../model/path.ts";
import { recordedButLost, spoiled } from "./crash-promises.ts";
import { type CrashMount, crashMount, noMounts } from "./fuse/mount.ts";
import { type Household, household } from "./household.ts";
import type { Ended } from "./onefold.ts";
import { brokenPromises } from "./promises.ts";
import type { Tree } from "./tree.ts";

/** The power goes: before the n-th change of the archive's disk, or right after the program where it ends earlier. */
export interface Cut {
  readonly beforeChange: number;
  /** The disk answers nothing any more, but program and database go on for so long. */
  readonly lingersMs: number;
  /** For what chance leaves; null: the power stays, only the program is killed. */
  readonly seed: number | null;
}

/** By name, so that a story can be read; some are longer than what a disk writes at once. */
export const contents = {
  empty: "",
  one: "one",
  two: "two",
  blocks: "four ".repeat(1_000),
  long: "three ".repeat(50_000),
};

type Content = keyof typeof contents;

/** One thing that happens to a household. A new kind of step is added here, in {@link takeStep} and to a test's draws. */
export type Step =
  /** A command of the program; null: the power stays. */
  | { readonly do: "run" | "scan" | "consolidate" | "relink"; readonly cut: Cut | null }
  | { readonly do: "cut"; readonly seed: number }
  | { readonly do: "write"; readonly path: string; readonly content: Content }
  | { readonly do: "remove"; readonly path: string }
  /** The user puts a file of their own into the archive, and has it on the disk for good. */
  | { readonly do: "put"; readonly name: string; readonly content: Content };

/** A household whose archive lies on a disk that can lose its power; its sources and its database do not. */
export interface CrashHome extends AsyncDisposable {
  readonly home: Household;
  readonly mount: CrashMount;
  /** Hashes of all that ever stood in a source, or was put into the archive. */
  readonly seen: Set<string>;
}

/** Tells a story; skips it where nothing can be mounted. The household settles at its end. */
export async function goThrough(t: TestContext, steps: readonly Step[]): Promise<void> {
  await using at = await crashHome({ phone: {}, laptop: {} });
  if (at === null) return t.skip(noMounts);
  for (const step of steps) await takeStep(at, step);
  await settle(at);
}

/** null where nothing can be mounted. */
export async function crashHome(sources: Tree): Promise<CrashHome | null> {
  const mount = await crashMount();
  if (mount === null) return null;
  const home = await household(sources, { elsewhere: { archive: mount.root } });
  const close = async () => {
    await home[Symbol.asyncDispose]();
    await mount[Symbol.asyncDispose]();
  };
  return { home, mount, seen: new Set(), [Symbol.asyncDispose]: close };
}

/** Does it, and throws where a promise is broken that must hold whenever the power goes. */
export async function takeStep(at: CrashHome, step: Step): Promise<void> {
  const { home, mount } = at;
  switch (step.do) {
    case "write":
      at.seen.add(hashOf(contents[step.content]));
      return writeFile(systemPath(home.path(step.path)), contents[step.content]);
    case "remove":
      return rm(systemPath(home.path(step.path)), { force: true });
    case "put":
      at.seen.add(hashOf(contents[step.content]));
      await mkdir(home.path("archive/mine"), { recursive: true });
      await writeFile(home.path(`archive/mine/${step.name}`), contents[step.content]);
      return mount.flush();
    case "cut":
      return losePower(at, step.seed);
    case "run":
    case "scan":
    case "consolidate":
    case "relink":
      return step.cut === null ? calmly(at, step.do) : untilCut(at, step.do, step.cut);
  }
}

/** The household comes to rest: a calm run, then one last cut that loses all that was not flushed. */
export async function settle({ home, mount }: CrashHome): Promise<void> {
  // All files of a source may have been removed: its owner says that it is right.
  await home.run({ more: home.sources.flatMap((name) => ["--accept-shrink", name]) });
  // What the user has put there may be the entry of its content, or not: linked, they are one.
  const { status, stderr } = await home.onefold(["relink", ...home.places]);
  assert.equal(status, 0, stderr);
  assert.deepEqual(await brokenBut(home, /^mine\/| and mine\//), []);
  await mount.crash("everything");
  // Names that were taken away, a lock's for instance, may be back.
  const lost = await brokenBut(home, /^mine\/| and mine\/|was left/);
  assert.deepEqual(lost, [], "the last cut lost something of a complete run");
  const { plan } = await home.run();
  assert.deepEqual([plan.copyFiles, plan.linkFiles], [0, 0]);
}

async function brokenBut(home: Household, fine: RegExp): Promise<string[]> {
  return (await brokenPromises(home)).filter((sentence) => !fine.test(sentence));
}

async function calmly({ home }: CrashHome, command: string): Promise<void> {
  const ended = await withoutOthers(() => home.onefold([command, ...home.places]));
  // Files that were edited since the last scan are listed, a plan that cannot be made is refused.
  assert.ok([0, 3, 4].includes(ended.status ?? -1), `${command} ended with ${ended.status}: ${ended.stderr}`);
}

async function untilCut(at: CrashHome, command: string, cut: Cut): Promise<void> {
  const { frozen } = await at.mount.freezeAt(cut.beforeChange);
  const running = at.home.start([command, ...at.home.places]);
  await Promise.race([frozen.then(() => delay(cut.lingersMs)), running.ended]);
  running.child.kill("SIGKILL");
  await (cut.seed === null ? at.mount.thaw() : at.mount.crash(cut.seed));
  await running.ended;
  await checkPromises(at);
}

async function losePower(at: CrashHome, seed: number): Promise<void> {
  await at.mount.crash(seed);
  await checkPromises(at);
}

async function checkPromises({ home, seen }: CrashHome): Promise<void> {
  assert.deepEqual(await recordedButLost(home), [], "recorded as done, but lost");
  assert.deepEqual(await spoiled(home, seen), [], "neither old nor new");
}

/** The database may take a moment to notice that a program was killed. */
async function withoutOthers(start: () => Promise<Ended>): Promise<Ended> {
  for (let tries = 20; ; tries--) {
    const ended = await start();
    if (ended.status !== 7 || tries === 0) return ended;
    await delay(100);
  }
}

function hashOf(content: string): string {
  return blake3(Buffer.from(content)).toString("hex");
}
