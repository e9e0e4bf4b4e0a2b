import { open } from "node:fs/promises";
import { unfollowed } from "../disk/open-file.ts";
import { systemCode } from "../model/errors.ts";
import { folderOf, joinPath, type PathText, systemPath } from "../model/path.ts";
import { asArchiveError } from "./errors.ts";
import { flushFolder } from "./flush-folder.ts";
import { journalPath } from "./journal.ts";
import type { JournalBatch } from "./journal-batches.ts";
import type { IntendedOperation } from "./journal-records.ts";

/** More are no faster: node has four threads for them. */
const atOnce = 8;

/**
 * Makes files that stand in the archive, and their names, survive a power cut: a run that was killed may have left
 * them there unflushed, or somebody may just have copied them in. Costs next to nothing where they are flushed already.
 *
 * @param paths Below the root. What has gone meanwhile is passed over.
 * @throws AppError ARCHIVE_LOST, ARCHIVE_FULL
 */
export async function flushStanding(root: PathText, paths: readonly PathText[]): Promise<void> {
  try {
    for (let n = 0; n < paths.length; n += atOnce) {
      await Promise.all(paths.slice(n, n + atOnce).map((path) => unlessGone(flushFile(joinPath(root, path)))));
    }
    for (const folder of foldersAbove(paths)) await unlessGone(flushFolder(joinPath(root, folder)));
  } catch (error) {
    throw asArchiveError(root, error);
  }
}

/**
 * Has the journal of a run survive a power cut. For whoever records what it tells, since a killed run may have left its
 * last lines unflushed. That there is none is no error.
 *
 * @throws AppError ARCHIVE_LOST, ARCHIVE_FULL
 */
export async function flushJournal(root: PathText, run: string): Promise<void> {
  await flushStanding(root, [journalPath("" as PathText, run)]);
}

/**
 * Has what an unfinished batch was to make, and may have made, survive a power cut: its run was killed before it did so,
 * and who finds a name standing makes it no second time. Of a batch that is done nothing is left to do.
 *
 * @throws AppError ARCHIVE_LOST, ARCHIVE_FULL
 */
export async function flushUnfinished(root: PathText, { operations, done }: JournalBatch): Promise<void> {
  if (done !== null) return;
  const named = operations.flatMap((one) => (made.has(one.do) && "to" in one ? [one.to] : []));
  await flushStanding(root, named);
}

const made: ReadonlySet<IntendedOperation["do"]> = new Set(["copy", "link", "relink", "separate"]);

async function flushFile(path: PathText): Promise<void> {
  // Another kind of file may have taken its place: a pipe must not be waited for.
  await using file = await open(systemPath(path), unfollowed);
  if ((await file.stat()).isFile()) await file.sync();
}

async function unlessGone(work: Promise<void>): Promise<void> {
  await work.catch((error: unknown) => {
    if (!["ENOENT", "ENOTDIR", "ELOOP", "ENXIO"].includes(systemCode(error) ?? "")) throw error;
  });
}

/** All folders on the way to the paths, the root too. */
function foldersAbove(paths: readonly PathText[]): Set<PathText> {
  const folders = new Set<PathText>([""] as PathText[]);
  for (const path of paths) {
    for (let folder = folderOf(path); !folders.has(folder); folder = folderOf(folder)) folders.add(folder);
  }
  return folders;
}
