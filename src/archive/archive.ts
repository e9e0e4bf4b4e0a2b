import { constants } from "node:fs";
import { access, link, lstat, mkdir, open, readdir, rm, stat } from "node:fs/promises";
import { acquireProcessLock, removeDeadDrafts } from "../inventory/process-lock.ts";
import { systemCode } from "../model/errors.ts";
import type { PathText } from "../model/path.ts";
import {
  archiveNameNotText,
  archiveNoHardLinks,
  archiveNotAFolder,
  archiveNotFound,
  asArchiveError,
  asLostArchive,
  runActive,
} from "./errors.ts";
import { flushFolder } from "./flush-folder.ts";
import { type Marker, makeMarker } from "./marker.ts";
import { inPrivateFolder, isTemporaryName, newTemporaryName, temporaryPath } from "./private-folder.ts";

/** An archive that this process alone may change, until it is disposed of. */
export interface Archive extends AsyncDisposable {
  /** Absolute. */
  readonly root: PathText;
  readonly marker: Marker;
  /** Permission bits of a published file: 0644 less what the umask, or the folder's default ACL, takes away. */
  readonly fileMode: number;
}

/**
 * Makes sure that files can be published here, and keeps all other runs out.
 *
 * Makes `.onefold/` if it is missing, but never the archive itself. Removes what killed runs left in `.onefold/tmp`;
 * only files of names that we make, the lock being held. Costs some ten system calls and three flushes.
 *
 * @param root Absolute path of an existing folder; a symbolic link to one will do.
 * @param purpose What for, shown to those who must wait: "onefold run".
 * @param program Name and version, e.g. "onefold 0.1.0"; goes into the marker of a new archive.
 * @throws AppError ARCHIVE_NOT_FOUND, ARCHIVE_NOT_A_FOLDER, ARCHIVE_NOT_WRITABLE, ARCHIVE_NO_HARD_LINKS, ARCHIVE_TOO_NEW,
 *   ARCHIVE_MARKER_DAMAGED, ARCHIVE_NAME_NOT_TEXT or ARCHIVE_FULL (refused); ARCHIVE_LOST (unavailable); RUN_ACTIVE (busy)
 */
export async function openArchive(
  root: PathText,
  { purpose, program }: { purpose: string; program: string },
): Promise<Archive> {
  try {
    await checkRoot(root);
    await makePrivateFolders(root);
    const held = await lock(root, purpose);
    return await openLocked(root, { program, held });
  } catch (error) {
    throw asArchiveError(root, error);
  }
}

/** The lock comes first: who holds it removes the temporary files of all others. */
async function openLocked(
  root: PathText,
  { program, held }: { program: string; held: AsyncDisposable },
): Promise<Archive> {
  try {
    const fileMode = await probeHardLinks(root);
    const marker = await makeMarker(root, program);
    await removeLeftovers(root);
    return { root, marker, fileMode, [Symbol.asyncDispose]: () => release(root, held) };
  } catch (error) {
    await held[Symbol.asyncDispose]();
    throw error;
  }
}

/** A lock that cannot be removed is that of a dead process soon, and taken over by the next run. */
async function release(root: PathText, held: AsyncDisposable): Promise<void> {
  try {
    await held[Symbol.asyncDispose]();
  } catch (error) {
    throw asLostArchive(root, error);
  }
}

async function checkRoot(root: PathText): Promise<void> {
  if (root.includes("\\")) throw archiveNameNotText(root);
  const found = await stat(root).catch((error: unknown) => {
    if (systemCode(error) === "ENOENT") throw archiveNotFound(root);
    if (systemCode(error) === "ENOTDIR") throw archiveNotAFolder(root);
    throw error;
  });
  if (!found.isDirectory()) throw archiveNotAFolder(root);
  await access(root, constants.R_OK | constants.W_OK | constants.X_OK);
}

async function makePrivateFolders(root: PathText): Promise<void> {
  for (const parts of [[], ["tmp"], ["journal"]]) {
    const folder = inPrivateFolder(root, ...parts);
    await makeFolder(folder);
    if (!(await lstat(folder)).isDirectory()) throw archiveNotAFolder(folder);
  }
  await flushFolder(inPrivateFolder(root));
  await flushFolder(root);
}

async function makeFolder(folder: PathText): Promise<void> {
  await mkdir(folder).catch((error: unknown) => {
    if (systemCode(error) !== "EEXIST") throw error;
  });
}

/** Asks the file system itself: its type says little, since FUSE and NAS firmware take links out. */
async function probeHardLinks(root: PathText): Promise<number> {
  const first = temporaryPath(root, newTemporaryName());
  const second = temporaryPath(root, newTemporaryName());
  try {
    const mode = await createEmpty(first);
    await link(first, second);
    return mode;
  } catch (error) {
    throw withoutLinks(root, error);
  } finally {
    await rm(first, { force: true });
    await rm(second, { force: true });
  }
}

/** Reads back what became of the mode: asking node for the umask sets it for a moment, for all threads. */
async function createEmpty(path: PathText): Promise<number> {
  await using file = await open(path, "wx", 0o644);
  return (await file.stat()).mode & 0o777;
}

async function lock(root: PathText, purpose: string): Promise<AsyncDisposable> {
  const taken = await acquireProcessLock(inPrivateFolder(root, "lock"), { purpose }).catch((error: unknown) => {
    // A lock is a link, too.
    throw withoutLinks(root, error);
  });
  if (taken.heldBy !== null) throw runActive(root, taken.heldBy);
  return taken;
}

async function removeLeftovers(root: PathText): Promise<void> {
  await removeDeadDrafts(inPrivateFolder(root, "lock"));
  const names = await readdir(inPrivateFolder(root, "tmp"));
  for (const name of names.filter(isTemporaryName)) await rm(temporaryPath(root, name), { force: true });
}

/** What a failed `link` in the archive means; any other error as it is. */
export function withoutLinks(root: PathText, error: unknown): unknown {
  const isLinking = error instanceof Error && "syscall" in error && error.syscall === "link";
  const cannot = ["EPERM", "ENOTSUP", "EOPNOTSUPP", "EMLINK", "ENOSYS"].includes(systemCode(error) ?? "");
  return isLinking && cannot ? archiveNoHardLinks(root, error) : error;
}
