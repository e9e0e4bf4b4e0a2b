import { statfs } from "node:fs/promises";
import { type PathText, systemPath } from "../model/path.ts";
import { archiveTooSmall, asLostArchive } from "./errors.ts";

const gibibyte = 1024 ** 3;

/**
 * Refuses a plan that would fill the archive's disk, before its first copy.
 *
 * Two percent of the disk, but not more than 1 GiB, must stay free: for folders, the journal, and because most file
 * systems get slow or fail in odd ways when the last blocks go. Quotas are not seen here; they end the run later.
 *
 * @param bytesNeeded Sum of the sizes of the files to copy.
 * @throws AppError ARCHIVE_FULL, ARCHIVE_LOST
 */
export async function checkSpace(root: PathText, bytesNeeded: number): Promise<void> {
  const { free, reserve } = await readSpace(root).catch((error: unknown) => {
    throw asLostArchive(root, error);
  });
  // A plan that copies nothing may run on a full disk: it only links, or has nothing to do.
  if (bytesNeeded > 0 && bytesNeeded + reserve > free)
    throw archiveTooSmall(root, { needed: bytesNeeded, free, reserve });
}

/** Bytes. */
export interface Space {
  readonly total: number;
  readonly free: number;
  /** What must stay free. */
  readonly reserve: number;
  /** How many more files there may be; null where the file system sets no such limit. */
  readonly freeFiles: number | null;
}

export async function readSpace(root: PathText): Promise<Space> {
  const { bsize, bavail, blocks, files, ffree } = await statfs(systemPath(root));
  const total = bsize * blocks;
  const reserve = Math.floor(Math.min(gibibyte, total * 0.02));
  return { total, free: bsize * bavail, reserve, freeFiles: files === 0 ? null : ffree };
}
