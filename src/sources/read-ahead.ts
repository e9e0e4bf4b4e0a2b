import type { SystemCalls } from "../disk/system-calls.ts";
import type { PathText } from "../model/path.ts";
import { smallUpTo } from "./walk.ts";

/**
 * Has the system begin to read small files of a folder, if they are not in memory: then the disk has many questions
 * at once to answer, instead of one a thread.
 *
 * @param folder Open: file descriptor.
 * @param names Of files in it.
 */
export function readAheadSmall(folder: number, names: readonly PathText[], calls: SystemCalls): void {
  let isFirst = true;
  for (const name of names) {
    if (name.includes("\\")) continue;
    const fd = calls.openForReading(folder, name);
    if (fd < 0) continue;
    // One that is in memory stands for all: they were written, or read, together.
    const isCold = !isFirst || !calls.isInMemory(fd);
    if (isCold) calls.readAhead(fd, 0, smallUpTo);
    calls.close(fd);
    if (!isCold) return;
    isFirst = false;
  }
}
