import { lstat, mkdir, mkdtemp, readlink, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { AppError, ExitCode, systemCode } from "../model/errors.ts";
import type { Environment } from "./connection.ts";

/** Where everything of the embedded server lives, below `<state>/postgres`. */
export interface ServerFolder {
  readonly root: string;
  /** PostgreSQL's data folder. */
  readonly data: string;
  /** Held by the supervisor for as long as it and the server live. */
  readonly lock: string;
  readonly log: string;
  /** Links to libraries, see `prepareBinaries`. */
  readonly libraries: string;
  /** The folder of the sockets, or a link to it where this path is too long for one. */
  readonly run: string;
}

export const serverPort = 5432;
/** Bytes a socket's path may have: 107 on Linux, 103 on macOS. */
const socketPathLimit = 103;
const longestSocketName = `.s.PGSQL.${serverPort}`;

/** @param root `<state>/postgres`, absolute */
export function serverFolder(root: string): ServerFolder {
  const below = (name: string) => join(root, name);
  return {
    root,
    data: below("data"),
    lock: below("lock"),
    log: below("postgres.log"),
    libraries: below("lib"),
    run: below("run"),
  };
}

export const supervisorSocket = (sockets: string): string => join(sockets, "supervisor");

/**
 * Makes a folder and those above it. Node's own `recursive` goes round in circles for ever where a system refuses a
 * folder with ENOENT although the one above is there, as /proc does.
 */
export async function makeFolders(path: string, mode: number): Promise<void> {
  try {
    await mkdir(path, { mode });
  } catch (error) {
    const code = systemCode(error);
    if (code === "EEXIST" && (await stat(path)).isDirectory()) return;
    const above = dirname(path);
    if (code !== "ENOENT" || (await lstat(above).catch(() => null)) !== null) throw error;
    await makeFolders(above, mode);
    // Another command may be making it, too.
    await makeFolders(path, mode);
  }
}

/**
 * Makes the folder, only for its owner.
 *
 * @throws AppError STATE_NOT_WRITABLE, DATABASE_DISK_FULL
 */
export async function makeServerFolder({ root }: ServerFolder): Promise<void> {
  try {
    // Root's server may run as another user, who must pass; the folders in it are closed all the same.
    await makeFolders(root, process.getuid?.() === 0 ? 0o711 : 0o700);
    await using probe = await temporaryFolder(join(root, "probe-"));
    await writeFile(join(probe.path, "probe"), Buffer.alloc(4096));
  } catch (error) {
    throw folderError(root, error);
  }
}

/** Where the sockets are now; null if nowhere, or where another user could have put them. */
export async function findSocketFolder({ run, data }: ServerFolder): Promise<string | null> {
  const found = await lstat(run).catch(() => null);
  if (found === null) return null;
  const folder = found.isSymbolicLink() ? await readlink(run) : run;
  return (await isPrivate(folder, data)) ? folder : null;
}

/** Makes the folder of the sockets, or finds it still there; to be called only with the lock held. */
export async function makeSocketFolder(folder: ServerFolder, environment: Environment): Promise<string> {
  const existing = await findSocketFolder(folder);
  if (existing !== null) return existing;
  await rm(folder.run, { recursive: true, force: true });
  if (fits(folder.run)) {
    await mkdir(folder.run, { mode: 0o700 });
    return folder.run;
  }
  const short = await shortFolder(environment);
  const link = `${folder.run}.new`;
  await rm(link, { force: true });
  await symlink(short, link);
  await rename(link, folder.run);
  return short;
}

/** After the server has stopped, so that nothing of it stays outside the state folder. */
export async function removeSocketFolder({ run }: ServerFolder, sockets: string): Promise<void> {
  await rm(sockets, { recursive: true, force: true });
  await rm(run, { force: true, recursive: true });
}

/** A fresh folder with a short path and a name nobody could foresee. */
async function shortFolder(environment: Environment): Promise<string> {
  const candidates = [environment["XDG_RUNTIME_DIR"], environment["TMPDIR"], tmpdir(), "/tmp"];
  for (const parent of candidates) {
    if (!parent?.startsWith("/") || !fits(join(parent, "onefold-XXXXXX"))) continue;
    const made = await mkdtemp(join(parent, "onefold-")).catch(() => null);
    if (made !== null) return made;
  }
  throw new AppError("STATE_PATH_TOO_LONG", ExitCode.unavailable, "no folder with a path short enough for a socket", {
    hint: "Set ONEFOLD_STATE to a folder with a shorter path, or TMPDIR to a short one that can be written to.",
  });
}

function fits(folder: string): boolean {
  return Buffer.byteLength(join(folder, longestSocketName)) <= socketPathLimit;
}

/** Closed to everybody but us or, if we are root, the user the server runs as. */
async function isPrivate(folder: string, data: string): Promise<boolean> {
  const found = await lstat(folder).catch(() => null);
  if (found === null || !found.isDirectory() || (found.mode & 0o077) !== 0) return false;
  const me = process.getuid?.() ?? found.uid;
  return found.uid === me || (me === 0 && found.uid === (await lstat(data).catch(() => null))?.uid);
}

export async function temporaryFolder(prefix: string): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await mkdtemp(prefix);
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

function folderError(root: string, error: unknown): unknown {
  const code = systemCode(error);
  if (code === "ENOSPC" || code === "EDQUOT") {
    return new AppError("DATABASE_DISK_FULL", ExitCode.unavailable, `no space left for the database in ${root}`, {
      cause: error,
      hint: "Free space there, or set ONEFOLD_STATE to a folder on another disk.",
    });
  }
  if (code === null) return error;
  return new AppError(
    "STATE_NOT_WRITABLE",
    ExitCode.unavailable,
    `cannot write to the state folder ${root} (${code})`,
    {
      cause: error,
      hint: "Set ONEFOLD_STATE to a folder you may write to, or name a PostgreSQL server with --database.",
    },
  );
}
