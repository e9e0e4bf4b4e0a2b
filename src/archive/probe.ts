import { constants } from "node:fs";
import { access, chmod, link, lstat, mkdtemp, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { AppError, systemCode } from "../model/errors.ts";
import type { PathText } from "../model/path.ts";
import type { EpochNs } from "../model/time.ts";
import { withoutLinks } from "./archive.ts";
import { archiveNotAFolder, asArchiveError } from "./errors.ts";
import { setModified } from "./file-time.ts";
import { inPrivateFolder, newTemporaryName, temporaryPath } from "./private-folder.ts";

/** What a file system does with what a run asks of it. */
export interface ArchiveProbe {
  /** The error a run would meet; null if it would meet none. */
  readonly linkError: AppError | null;
  /** By how much a modification time came back wrong; microseconds are kept if it is below 1,000. */
  readonly timeErrorNs: bigint;
}

/** With digits down to the microsecond, and odd seconds, which FAT does not have. */
const probedTime = 981_173_105_789_013_000n as EpochNs;

/**
 * Tries in an archive what a run will do there: write, set times, link. Makes neither marker nor folders, takes no
 * lock. Its own two files lie in `.onefold/tmp` or, where there is none yet, in a folder of its own in the root; both
 * are gone when it returns. Takes three seconds where times are not kept.
 *
 * @param root Absolute; the folder must exist.
 * @throws AppError ARCHIVE_NOT_WRITABLE, ARCHIVE_NOT_A_FOLDER, ARCHIVE_FULL, ARCHIVE_LOST
 */
export async function probeArchive(root: PathText): Promise<ArchiveProbe> {
  try {
    await checkRights(root);
    return await probe(root).catch((error: unknown) => {
      // A run that begins at this moment clears .onefold/tmp away.
      if (systemCode(error) === "ENOENT") return probe(root);
      throw error;
    });
  } catch (error) {
    throw asArchiveError(root, error);
  }
}

/** A folder of our own in another, which goes away with the scope. @throws NodeJS.ErrnoException */
export async function ownFolderIn(parent: string, mode = 0o700): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(parent, ".onefold-doctor-"));
  await chmod(path, mode);
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** Folders that another user's run has made may be closed to us although the archive is not. */
async function checkRights(root: PathText): Promise<void> {
  await access(root, constants.R_OK | constants.W_OK | constants.X_OK);
  for (const parts of [[], ["tmp"], ["journal"]]) {
    const folder = inPrivateFolder(root, ...parts);
    if (!(await exists(folder))) continue;
    if (!(await lstat(folder)).isDirectory()) throw archiveNotAFolder(folder);
    await access(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  }
}

async function probe(root: PathText): Promise<ArchiveProbe> {
  if (await exists(temporaryPath(root, ""))) return await probeWith(root, (name) => temporaryPath(root, name));
  await using folder = await ownFolderIn(root);
  return await probeWith(root, (name) => join(folder.path, name));
}

async function probeWith(root: PathText, pathOf: (name: string) => string): Promise<ArchiveProbe> {
  const [first, second] = [pathOf(newTemporaryName()), pathOf(newTemporaryName())];
  try {
    await writeProbe(first);
    return { timeErrorNs: await timeError(first), linkError: await linkError(root, first, second) };
  } finally {
    await rm(first, { force: true });
    await rm(second, { force: true });
  }
}

async function writeProbe(path: string): Promise<void> {
  await using file = await open(path, "wx", 0o600);
  await file.write(Buffer.alloc(4096, "onefold doctor\n"));
  setModified(file.fd, probedTime);
  await file.sync();
}

/** SMB shows the time of writing for about a second after a file is closed, although the server has the right one. */
async function timeError(path: string): Promise<bigint> {
  for (let waits = 12; ; waits--) {
    const { mtimeNs } = await lstat(path, { bigint: true });
    const error = mtimeNs > probedTime ? mtimeNs - probedTime : probedTime - mtimeNs;
    if (error < 1000n || waits === 0) return error;
    await delay(250);
  }
}

async function linkError(root: PathText, from: string, to: string): Promise<AppError | null> {
  try {
    await link(from, to);
    return null;
  } catch (error) {
    const meaning = withoutLinks(root, error);
    if (meaning instanceof AppError) return meaning;
    throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (systemCode(error) === "ENOENT") return false;
    throw error;
  }
}
