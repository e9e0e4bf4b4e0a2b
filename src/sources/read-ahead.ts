import type { SystemCalls } from "../disk/system-calls.ts";
import type { PathText } from "../model/path.ts";
import { smallUpTo } from "./walk.ts";

/** Files that are asked for at once: what they take together stays in memory until they are read. */
const most = 1_000;

/**
 * Has the system begin to read the small files of a folder, if they are not in memory: then the disk has many questions
 * at once to answer, instead of one a thread.
 *
 * @param folder Open: file descriptor.
 * @param names Of files in it.
 */
export function readAheadSmall(folder: number, names: readonly PathText[], calls: SystemCalls): void {
  let isFirst = true;
  for (const name of names.slice(0, most)) {
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
