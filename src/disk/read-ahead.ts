import { systemCode } from "../model/errors.ts";
import { folderOf, nameOf, type PathText } from "../model/path.ts";
import type { OpenFolders } from "./open-folders.ts";
import type { SystemCalls } from "./system-calls.ts";

/** What will be read of a file. */
export interface Ahead {
  /** Absolute. */
  readonly path: PathText;
  /** In bytes; what lies behind the end of the file does not matter. */
  readonly pieces: readonly { readonly position: number; readonly bytes: number }[];
}

/**
 * Has the system begin to read files, if the first of them is not in memory: then the disk has many questions at once to
 * answer, in the order it likes best, instead of one a thread. The first stands for all: they were written, or read,
 * together. For disks of this machine only: a network share would be asked twice.
 *
 * @param files Will be read soon, and take no more memory together than there is to spare.
 */
export function readAhead(files: Iterable<Ahead>, folders: OpenFolders, calls: SystemCalls): void {
  let isKnownCold = false;
  for (const { path, pieces } of files) {
    const fd = openQuietly(path, folders, calls);
    if (fd < 0) continue;
    isKnownCold ||= !calls.isInMemory(fd);
    if (isKnownCold) for (const { position, bytes } of pieces) calls.readAhead(fd, position, bytes);
    calls.close(fd);
    if (!isKnownCold) return;
  }
}

/** -1 if it cannot be opened, or has a name that is no text: those who read it tell why. */
function openQuietly(path: PathText, folders: OpenFolders, calls: SystemCalls): number {
  const name = nameOf(path);
  if (name.includes("\\")) return -1;
  try {
    return calls.openForReading(folders.descriptor(folderOf(path)), name);
  } catch (error) {
    if (systemCode(error) === null) throw error;
    return -1;
  }
}
