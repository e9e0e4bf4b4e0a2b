/**
 * "Only one at a time", by a file that says who holds it.
 *
 * The file appears whole (`link` of a finished temporary file), so that nobody
 * reads half a holder. A holder that died is found out by its process, and its
 * lock is taken over by exactly one successor: whoever holds the lock on the
 * *succession* of that very holder, which is a lock of the same kind.
 */
import { randomBytes } from "node:crypto";
import { link, readFile, rename, rm, writeFile } from "node:fs/promises";
import { systemCode } from "../model/errors.ts";
import { isAlive, type ProcessIdentity, thisProcess } from "./process-identity.ts";

/** Who holds a lock, as its file says. */
export interface LockHolder extends ProcessIdentity {
  /** What for, for the message to the one who must wait: "onefold run". */
  readonly purpose: string;
  /** Different for every lock ever taken. */
  readonly token: string;
}

/** Either held, until disposed of, or the one who holds it. */
export type ProcessLock = ({ readonly heldBy: null } & AsyncDisposable) | { readonly heldBy: LockHolder };

/**
 * Takes the lock at once or not at all; never waits for a holder.
 *
 * A holder counts as dead only if its process is known to be gone: same host and boot and no such process, or one that
 * started at another time; or same host and an earlier boot. A holder on another host, or in another container, never.
 *
 * @param path The lock file; its folder must exist and its file system have hard links.
 * @throws NodeJS.ErrnoException if the folder cannot be written to
 */
export async function acquireProcessLock(path: string, { purpose }: { purpose: string }): Promise<ProcessLock> {
  const mine: LockHolder = { ...(await thisProcess()), purpose, token: randomBytes(8).toString("hex") };
  const draft = `${path}.${mine.token}.new`;
  try {
    await writeFile(draft, `${JSON.stringify(mine)}\n`, { flag: "wx", mode: 0o644 });
    return await take(path, draft, mine);
  } finally {
    await rm(draft, { force: true });
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

async function take(path: string, draft: string, mine: LockHolder): Promise<ProcessLock> {
  for (;;) {
    if (await linkIfFree(draft, path)) return held(path, mine);
    const holder = await readLockHolder(path);
    if (holder === null) continue;
    if ((await isAlive(holder)) !== false) return { heldBy: holder };
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
  const release = async () => {
    // Somebody may have removed our file by hand and taken the lock since.
    if ((await readLockHolder(path))?.token === mine.token) await rm(path, { force: true });
  };
  return { heldBy: null, [Symbol.asyncDispose]: release };
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
    token: "unreadable",
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
