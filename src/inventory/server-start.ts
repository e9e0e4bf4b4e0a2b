import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, lstat, mkdtemp, open, readdir, rename, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { AppError, ExitCode } from "../model/errors.ts";
import { isRunning } from "./process-identity.ts";
import { type Account, chooseAccount, giveTo } from "./server-account.ts";
import { prepareBinaries, type ServerBinaries } from "./server-binaries.ts";
import { copyPrograms, mayRun } from "./server-copy.ts";
import type { ServerFolder } from "./server-folder.ts";
import type { ServerLog } from "./server-log.ts";
import { serverDatabase, serverUser } from "./server-names.ts";
import { clearRemains, findRunning, readPostmaster, stopPostmaster } from "./server-postmaster.ts";
import { serverSettings } from "./server-settings.ts";

/** A server that takes connections; to be disposed of when it has ended. */
export interface RunningServer extends AsyncDisposable {
  readonly pid: number;
  /** Settles when it has ended, by whatever cause. */
  readonly ended: Promise<void>;
}

interface StartOptions {
  readonly folder: ServerFolder;
  readonly packageFolder: string;
  readonly sockets: string;
  /** Of the search path only; PostgreSQL's own variables must not reach the programs. */
  readonly searchPath: string;
  readonly log: ServerLog;
}

const pollMs = 5;

/**
 * Starts the server, or takes over one that lost its supervisor; makes the data
 * folder if there is none. About 45 ms, 1 s with a new data folder; longer
 * where a crash is to be recovered from. To be called only with the lock held.
 *
 * @throws AppError DATABASE_START_FAILED, DATABASE_DISK_FULL with what the server said
 */
export async function startServer(options: StartOptions): Promise<RunningServer> {
  const { folder, sockets } = options;
  const running = await findRunning(folder.data);
  if (running?.sockets === sockets) return adopt(running.pid, folder.data);
  // It cannot be reached any more: somebody removed its sockets.
  if (running !== null) await stopPostmaster(running.pid, 60_000);

  const programs = await preparePrograms(options);
  try {
    if ((await lstat(folder.data).catch(() => null)) === null) await initialise(programs, options);
    else await giveTo(programs.account, folder.data);
    await clearRemains(folder.data, sockets);
    await giveTo(programs.account, sockets);
    return await launch(programs, options);
  } catch (error) {
    await programs.remove();
    throw error;
  }
}

interface Programs {
  readonly binaries: ServerBinaries;
  readonly account: Account;
  readonly environment: NodeJS.ProcessEnv;
  /** After the server has ended. */
  readonly remove: () => Promise<void>;
}

async function preparePrograms({ folder, packageFolder, searchPath }: StartOptions): Promise<Programs> {
  const binaries = await prepareBinaries(packageFolder, folder.libraries);
  const account = await chooseAccount(
    folder.data,
    [binaries.postgres, "--version"],
    environmentFor(binaries, searchPath),
  );
  // An account that is not ours passes through this folder, and sees no names in it.
  if (account.owner !== null) await chmod(folder.root, 0o711);
  const reachable = account.owner === null || (await mayRun(account.owner, binaries));
  const copy = reachable ? null : await copyPrograms(packageFolder, folder.root, account.owner);
  const used = copy?.binaries ?? binaries;
  const remove = async () => copy?.[Symbol.asyncDispose]();
  return { binaries: used, account, environment: environmentFor(used, searchPath), remove };
}

function environmentFor({ libraries }: ServerBinaries, searchPath: string): NodeJS.ProcessEnv {
  const more = libraries === null ? {} : { LD_LIBRARY_PATH: libraries };
  // TZ: else initdb compares the machine's with every zone there is.
  return { PATH: searchPath, LC_ALL: "C", TZ: "UTC", ...more };
}

/**
 * In a temporary folder, renamed when whole: a data folder is finished or not there. Its name is new each time, since
 * an initdb whose supervisor was killed goes on for a while.
 */
async function initialise(programs: Programs, { folder, log }: StartOptions): Promise<void> {
  const prefix = `${basename(folder.data)}.new-`;
  for (const name of (await readdir(folder.root)).filter((one) => one.startsWith(prefix))) {
    await rm(join(folder.root, name), { recursive: true, force: true });
  }
  const unfinished = await mkdtemp(join(folder.root, prefix));
  try {
    await giveTo(programs.account, unfinished);
    const locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"];
    const sync = process.platform === "linux" ? ["--sync-method=syncfs"] : [];
    const rest = [`--username=${serverUser}`, "--auth=trust", "--no-instructions"];
    const { initdb, postgres } = programs.binaries;
    await complete(run(programs, [initdb, "--pgdata", unfinished, ...locale, ...sync, ...rest], log), log);
    const single = run(
      programs,
      [postgres, "--single", "-D", unfinished, "-c", "log_checkpoints=off", "template1"],
      log,
    );
    // The one that initdb makes is as good as another, and to make that takes a quarter of a second.
    single.stdin?.end(`alter database postgres rename to ${serverDatabase}\n`);
    await complete(single, log);
    await rename(unfinished, folder.data);
    await flushFolder(folder.root);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    throw error;
  }
}

async function launch(programs: Programs, { folder, sockets, log }: StartOptions): Promise<RunningServer> {
  const { postgres } = programs.binaries;
  const child = run(programs, [postgres, "-D", folder.data, ...serverSettings(sockets)], log);
  const ended = endOf(child);
  let over = false;
  void ended.then(() => {
    over = true;
  });
  for (;;) {
    const postmaster = await readPostmaster(folder.data);
    if (over || child.pid === undefined) throw startFailed(log);
    if (postmaster?.pid === child.pid && postmaster.ready) {
      return { pid: child.pid, ended, [Symbol.asyncDispose]: programs.remove };
    }
    await delay(pollMs);
  }
}

/** Not our child, so its end is found by looking. */
async function adopt(pid: number, dataFolder: string): Promise<RunningServer> {
  while ((await isRunning(pid)) && !(await readPostmaster(dataFolder))?.ready) await delay(pollMs);
  const watch = async () => {
    while (await isRunning(pid)) await delay(500, undefined, { ref: false });
  };
  // Its programs were copied by another, if at all.
  return { pid, ended: watch(), [Symbol.asyncDispose]: async () => {} };
}

function run({ account, environment }: Programs, command: readonly string[], log: ServerLog): ChildProcess {
  const [program = "", ...args] = [...account.prefix, ...command];
  const child = spawn(program, args, { ...account.spawn, env: environment, cwd: "/", stdio: "pipe" });
  child.stdout.on("data", (chunk: Buffer) => log.write(chunk));
  child.stderr.on("data", (chunk: Buffer) => log.write(chunk));
  child.on("error", (error) => log.write(`cannot start ${program}: ${error.message}\n`));
  // A program that ends early does not read what it is given.
  child.stdin.on("error", () => undefined);
  return child;
}

async function complete(child: ChildProcess, log: ServerLog): Promise<void> {
  await endOf(child);
  if (child.exitCode !== 0) throw startFailed(log);
}

async function endOf(child: ChildProcess): Promise<void> {
  // "close" comes after the last of its output; it comes also if the program could not be started.
  await once(child, "close").catch(() => undefined);
}

function startFailed(log: ServerLog): AppError {
  const said = log.recent.join("\n    ");
  if (/No space left|Disk quota exceeded/.test(said)) {
    return new AppError("DATABASE_DISK_FULL", ExitCode.unavailable, "no space left to start the embedded database", {
      hint: "Free space where the state folder is, or set ONEFOLD_STATE to a folder on another disk.",
    });
  }
  return new AppError("DATABASE_START_FAILED", ExitCode.unavailable, "the embedded database does not start", {
    hint: `${adviceFor(said)} Its last words:\n    ${said}`,
  });
}

function adviceFor(said: string): string {
  if (/Permission denied|cannot execute|not executable/i.test(said)) {
    return "Set ONEFOLD_STATE to a folder that unprivileged users may pass (/var/lib/onefold), install onefold where they may read it, or use --database.";
  }
  if (/incompatible with server|database files are incompatible/.test(said)) {
    return "It was made by another version of onefold: use that one, or move the state folder away and scan again.";
  }
  return "See postgres.log in the state folder, or name a PostgreSQL server with --database.";
}

async function flushFolder(path: string): Promise<void> {
  await using handle = await open(path, "r");
  await handle.sync();
}
