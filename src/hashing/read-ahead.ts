import type { OpenFolders } from "../disk/open-folders.ts";
import type { SystemCalls } from "../disk/system-calls.ts";
import { systemCode } from "../model/errors.ts";
import { headBytes, wholeUpTo } from "../model/fingerprint.ts";
import { folderOf, nameOf, type PathText } from "../model/path.ts";
import type { HashRequest } from "./hash.ts";

/** Of one file; what comes after that, the system reads ahead by itself. Bytes. */
const mostOfFile = 4 << 20;

/**
 * Has the system begin to read all files of a request, if they are not in memory: then the disk has many questions at
 * once to answer, in the order it likes best, instead of one a thread. Of a cold ext4 on a virtual disk, 20,000 photos
 * were compared in a third of the time. For disks of this machine only: a network share would be asked twice.
 */
export function readAhead({ depth, paths, sizes }: HashRequest, folders: OpenFolders, calls: SystemCalls): void {
  for (const [n, path] of paths.entries()) {
    if (path.includes("\\")) continue;
    const fd = openQuietly(path, folders, calls);
    if (fd < 0) continue;
    const size = sizes[n] ?? 0;
    // One that is in memory stands for all: they were written, or read, together.
    const isCold = n > 0 || !calls.isInMemory(fd);
    if (isCold && depth === "ends" && size > wholeUpTo) {
      calls.readAhead(fd, 0, headBytes);
      calls.readAhead(fd, size - headBytes, headBytes);
    } else if (isCold) calls.readAhead(fd, 0, Math.min(size, mostOfFile));
    calls.close(fd);
    if (!isCold) return;
  }
}

/** -1 if it cannot be opened: those who read it tell why. */
function openQuietly(path: PathText, folders: OpenFolders, calls: SystemCalls): number {
  try {
    return calls.openForReading(folders.descriptor(folderOf(path)), nameOf(path));
  } catch (error) {
    if (systemCode(error) === null) throw error;
    return -1;
  }
}
