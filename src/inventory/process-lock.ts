/**
 * "Only one at a time", by a file that says who holds it.
 *
 * The file appears whole (`link` of a finished temporary file), so that nobody
 * reads half a holder. A holder that died is found out by its process, and its
 * lock is taken over by exactly one successor: whoever holds the lock on the
 * *succession* of that very holder, which is a lock of the same kind.
 */
import { randomBytes } from "node:crypto";
import { link, readdir, readFile, rename, rm, stat, statfs, utimes, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { systemCode } from "../model/errors.ts";
import { type ProcessIdentity, thisProcess, whereabouts } from "./process-identity.ts";

/** Who holds a lock, as its file says. */
export interface LockHolder extends ProcessIdentity {
  /** What for, for the message to the one who must wait: "onefold run". */
  readonly purpose: string;
  /** Different for every lock ever taken. */
  readonly token: string;
}

/** Either held, until disposed of, or the one who holds it. */
export type ProcessLock = ({ readonly heldBy: null } & AsyncDisposable) | { readonly heldBy: LockHolder };

/** The token of a holder that its file does not tell. */
const unreadable = "unreadable";

/** How often a holder shows that it lives, and for how long one in another container may fail to. */
const beatMs = 10_000;
const silenceMs = 120_000;

/**
 * Takes the lock at once or not at all; never waits for a holder.
 *
 * A holder counts as dead only if it is known to be: same host and boot and no such process, or one that started at
 * another time; same host and an earlier boot; a lock on a local disk and another boot, for nobody else can reach the
 * disk; another container on this host, and no sign of life for two minutes. A holder on another host never.
 *
 * @param path The lock file; its folder must exist and its file system have hard links.
 * @throws NodeJS.ErrnoException if the folder cannot be written to
 */
export async function acquireProcessLock(path: string, { purpose }: { purpose: string }): Promise<ProcessLock> {
  const mine: LockHolder = { ...(await thisProcess()), purpose, token: randomBytes(8).toString("hex") };
  const draft = `${path}.${mine.token}.new`;
  for (let isFirst = true; ; isFirst = false) {
    try {
      // Flushed: a lock that a power cut has emptied would name nobody who could be found dead.
      await writeFile(draft, `${JSON.stringify(mine)}\n`, { flag: "wx", mode: 0o644, flush: true });
      return await take(path, draft, mine);
    } catch (error) {
      // Who took the lock just before us may have removed our draft: see `isDeadDraft`.
      if (systemCode(error) !== "ENOENT" || !isFirst) throw error;
    } finally {
      await rm(draft, { force: true });
    }
  }
}

/** Who holds the lock now, dead or alive; null if nobody does. */
export async function readLockHolder(path: string): Promise<LockHolder | null> {
  try {
    return parseHolder(await readFile(path, "utf8"));
  } catch (error) {
    if (systemCode(error) === "ENOENT") return null;
    throw error;
  }
}

/**
 * Removes what processes that were killed while they asked for this lock left beside it. For the holder of the lock;
 * those who ask at this moment are alive, and keep theirs. A file that names nobody, since its process was killed before
 * it had written it, goes if it is older than the lock.
 */
export async function removeDeadDrafts(path: string): Promise<void> {
  const beside = (await readdir(dirname(path))).filter((name) => name.startsWith(`${basename(path)}.`));
  for (const name of beside.filter((one) => /(?:\.[0-9a-f]{16})+(?:\.new)?$/.test(one))) {
    const left = join(dirname(path), name);
    if (await isDeadDraft(left, path)) await rm(left, { force: true });
  }
}

/**
 * One that says nothing was being written when its process was killed; or is being written now, by a process that will
 * find it gone and write it again. Those begun after our lock was taken are left alone.
 */
async function isDeadDraft(left: string, lock: string): Promise<boolean> {
  const holder = await readLockHolder(left);
  if (holder?.token !== unreadable) return holder !== null && (await whereabouts(holder)) === "dead";
  const [draft, ours] = await Promise.all([stat(left).catch(() => null), stat(lock)]);
  return left.endsWith(".new") && draft !== null && draft.mtimeMs < ours.mtimeMs;
}

async function take(path: string, draft: string, mine: LockHolder): Promise<ProcessLock> {
  for (;;) {
    if (await linkIfFree(draft, path)) return held(path, mine);
    const holder = await readLockHolder(path);
    if (holder === null) continue;
    if (!(await isDead(holder, path, draft))) return { heldBy: holder };
    const successor = await succeed(path, draft, holder);
    if (successor === "me") return held(path, mine);
    if (successor !== "gone") return { heldBy: successor };
  }
}

/**
 * Puts our file in the place of a dead holder's. While we hold the lock on its succession nobody else may, so what we
 * see in the file stays true until we have replaced it.
 */
async function succeed(path: string, draft: string, dead: LockHolder): Promise<"me" | "gone" | LockHolder> {
  const succession = await acquireProcessLock(`${path}.${dead.token}`, { purpose: `takeover for ${dead.purpose}` });
  if (succession.heldBy !== null) return succession.heldBy;
  await using _succession = succession;
  if ((await readLockHolder(path))?.token !== dead.token) return "gone";
  await rename(draft, path);
  return "me";
}

function held(path: string, mine: LockHolder): ProcessLock {
  const beat = setInterval(() => void touch(path), beatMs).unref();
  const release = async () => {
    clearInterval(beat);
    // Somebody may have removed our file by hand and taken the lock since.
    if ((await readLockHolder(path))?.token === mine.token) await rm(path, { force: true });
  };
  return { heldBy: null, [Symbol.asyncDispose]: release };
}

/** @param draft A file just written beside the lock, for what time it is there. */
async function isDead(holder: LockHolder, path: string, draft: string): Promise<boolean> {
  const found = await whereabouts(holder);
  if (found === "elsewhere") return holder.bootId !== "?" && (await isOnLocalDisk(path));
  if (found !== "container") return found === "dead";
  const [last, now] = await Promise.all([stat(path).catch(() => null), stat(draft)]);
  return last !== null && now.mtimeMs - last.mtimeMs > silenceMs;
}

async function touch(path: string): Promise<void> {
  // Without effect on a lock that was removed by hand.
  await utimes(path, new Date(), new Date()).catch(() => undefined);
}

/** ext4, xfs, btrfs, f2fs, bcachefs, zfs, tmpfs, overlay: what no second machine has mounted. */
const localDisks = new Set([
  0xef53, 0x58465342, 0x9123683e, 0xf2f52010, 0xca451a4e, 0x2fc12fc1, 0x01021994, 0x794c7630,
]);

/** Whether only this machine can reach the folder of `path`. */
export async function isOnLocalDisk(path: string): Promise<boolean> {
  const { type } = await statfs(dirname(path));
  // On some machines the number has a sign.
  return process.platform === "linux" && localDisks.has(type >>> 0);
}

async function linkIfFree(draft: string, path: string): Promise<boolean> {
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if (systemCode(error) === "EEXIST") return false;
    throw error;
  }
}

/** A file that nobody can read (a disk that filled up, another program's) is held by nobody we could ask. */
function parseHolder(text: string): LockHolder {
  const unknown = {
    host: "?",
    bootId: "?",
    pidNamespace: "?",
    pid: 0,
    startTime: "?",
    purpose: "?",
    token: unreadable,
  };
  try {
    const parsed: unknown = JSON.parse(text);
    return isHolder(parsed) ? parsed : unknown;
  } catch {
    return unknown;
  }
}

function isHolder(value: unknown): value is LockHolder {
  if (typeof value !== "object" || value === null) return false;
  const texts = ["host", "bootId", "pidNamespace", "startTime", "purpose", "token"];
  const fields = value as Record<string, unknown>;
  return texts.every((name) => typeof fields[name] === "string") && typeof fields["pid"] === "number";
}
