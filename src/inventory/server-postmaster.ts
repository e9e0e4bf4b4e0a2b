/** The server's main process, as its `postmaster.pid` and /proc tell of it. */
import { readdir, readFile, readlink, realpath, rm } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { AppError, ExitCode } from "../model/errors.ts";
import { isRunning } from "./process-identity.ts";

export interface Postmaster {
  readonly pid: number;
  readonly sockets: string;
  /** It takes connections. */
  readonly ready: boolean;
}

const pollMs = 5;

/** What `postmaster.pid` says; null if there is none. The process may be long gone. */
export async function readPostmaster(dataFolder: string): Promise<Postmaster | null> {
  const text = await readFile(join(dataFolder, "postmaster.pid"), "utf8").catch(() => null);
  // Lines: pid, data folder, start time, port, folder of the sockets, address, shared memory, state.
  const lines = text?.split("\n").map((line) => line.trim()) ?? [];
  const pid = Number(lines[0]);
  if (!Number.isSafeInteger(pid) || pid < 2) return null;
  return { pid, sockets: lines[4] ?? "", ready: lines[7] === "ready" };
}

/** The server that runs on this data folder already; null if none does. */
export async function findRunning(dataFolder: string): Promise<Postmaster | null> {
  const postmaster = await readPostmaster(dataFolder);
  return postmaster !== null && (await isServerOf(postmaster.pid, dataFolder)) ? postmaster : null;
}

/**
 * Removes what a killed server left. Its children notice its death by
 * themselves, but a busy one late; two servers on one folder would destroy it,
 * so they are waited for, and ended after five seconds.
 */
export async function clearRemains(dataFolder: string, sockets: string): Promise<void> {
  if ((await readPostmaster(dataFolder)) !== null && (await allEnded(dataFolder))) {
    // PostgreSQL knows a stale one, but not if the number is another process's now, or if nobody has buried the dead.
    await rm(join(dataFolder, "postmaster.pid"), { force: true });
  }
  const names = (await readdir(sockets)).filter((name) => name.startsWith(".s.PGSQL."));
  for (const name of names) {
    if (await answers(join(sockets, name))) throw inUseElsewhere(dataFolder);
    await rm(join(sockets, name), { force: true });
  }
}

/** A server that we cannot see, e.g. in another container, can still be heard. */
function answers(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect(socket, () => {
      connection.destroy();
      resolve(true);
    });
    connection.once("error", () => resolve(false));
  });
}

function inUseElsewhere(dataFolder: string): AppError {
  return new AppError("DATABASE_IN_USE_ELSEWHERE", ExitCode.unavailable, `another server works on ${dataFolder}`, {
    hint: "Stop the container it runs in; one database must never be served twice.",
  });
}

/** False where /proc does not tell: then PostgreSQL must decide. */
async function allEnded(dataFolder: string): Promise<boolean> {
  for (let waitedMs = 0; ; waitedMs += pollMs) {
    const pids = await processesIn(dataFolder);
    if (pids === null || pids.length === 0) return pids !== null;
    if (waitedMs > 5000) for (const pid of pids) signal(pid, "SIGKILL");
    await delay(pollMs);
  }
}

/** Stops it in order; in haste after `boundMs`, when the next start must recover. */
export async function stopPostmaster(pid: number, boundMs: number): Promise<void> {
  const steps = [
    ["SIGINT", boundMs],
    ["SIGQUIT", 5000],
    ["SIGKILL", 5000],
  ] as const;
  for (const [name, patienceMs] of steps) {
    signal(pid, name);
    if (await ended(pid, patienceMs)) return;
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It is gone, which is what was wanted.
  }
}

async function ended(pid: number, patienceMs: number): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < patienceMs; waitedMs += pollMs) {
    if (!(await isRunning(pid))) return true;
    await delay(pollMs);
  }
  return false;
}

/** A server works in its data folder; where /proc does not tell, a running process must be believed. */
async function isServerOf(pid: number, dataFolder: string): Promise<boolean> {
  if (!(await isRunning(pid))) return false;
  const [works, data] = await Promise.all([workingFolder(pid), realpath(dataFolder)]);
  return works === null || works === data;
}

/** Every process of a server has the data folder as its working folder. Null where there is no /proc. */
async function processesIn(dataFolder: string): Promise<number[] | null> {
  if ((await workingFolder(process.pid)) === null) return null;
  const data = await realpath(dataFolder);
  const pids = (await readdir("/proc")).map(Number).filter(Number.isSafeInteger);
  const folders = await Promise.all(pids.map(workingFolder));
  return pids.filter((_, n) => folders[n] === data);
}

async function workingFolder(pid: number): Promise<string | null> {
  return readlink(`/proc/${pid}/cwd`).catch(() => null);
}
