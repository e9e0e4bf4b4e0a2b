import { OpenFolders } from "../disk/open-folders.ts";
import { folderOf, type PathText } from "../model/path.ts";
import { Copy, type CopyResult } from "./copy.ts";
import type { CopyTask } from "./copy-file.ts";
import { hastenFlush } from "./hasten-flush.ts";
import { isRaised, type StopFlag } from "./stop-flag.ts";
import { Aborted } from "./trouble.ts";

export interface CopyRequest {
  /** Of the archive. */
  readonly root: PathText;
  readonly tasks: readonly CopyTask[];
  /** Permission bits of the finished files. */
  readonly fileMode: number;
  readonly stop: StopFlag;
}

/**
 * Brings files into `.onefold/tmp`; runs in a thread, which may block.
 *
 * All are written before the first is flushed, so that a journaling file system commits once for the batch. Afterwards
 * a temporary file stands for every `copied` result and for no other. Raising `stop`, or a full disk, throws the whole
 * batch away: results are then `aborted`, and one may be `stop`.
 *
 * @returns One result for each task, in order.
 */
export function copyBatch({ root, tasks, fileMode, stop }: CopyRequest): CopyResult[] {
  using sources = new OpenFolders();
  using archive = new OpenFolders(root);
  const pause = () => {
    if (isRaised(stop)) throw new Aborted();
  };
  const copies = tasks.map((task) => new Copy(task, fileMode, { folders: { sources, archive }, pause }));
  try {
    if (!(writeAll(copies) && flushAll(copies, tasks) && each(copies, (copy) => copy.check()))) abandon(copies);
  } catch (error) {
    abandon(copies);
    throw error;
  }
  return copies.map((copy) => copy.result());
}

function writeAll(copies: readonly Copy[]): boolean {
  return each(copies, (copy) => {
    if (copy.write()) return;
    // Too many files are open: flushing the ones before closes them.
    for (const earlier of copies) earlier.flush();
    copy.write();
  });
}

function flushAll(copies: readonly Copy[], tasks: readonly CopyTask[]): boolean {
  const [first] = tasks;
  if (first !== undefined) hastenFlush(folderOf(first.temporary), copies.length);
  return each(copies, (copy) => copy.flush());
}

/** @returns false if the batch cannot go on */
function each(copies: readonly Copy[], step: (copy: Copy) => void): boolean {
  return copies.every((copy) => {
    step(copy);
    return copy.ended?.kind !== "stop" && copy.ended?.kind !== "aborted";
  });
}

function abandon(copies: readonly Copy[]): void {
  for (const copy of copies) copy.abandon();
}
