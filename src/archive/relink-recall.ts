import { lstat } from "node:fs/promises";
import type { RetimedFile } from "../inventory/relinkable.ts";
import { systemCode } from "../model/errors.ts";
import { joinPath, type PathText, systemPath } from "../model/path.ts";
import type { EpochNs } from "../model/time.ts";
import type { IntendedOperation, IntendedRelink, IntendedSeparate } from "./journal-records.ts";

/** A kept file that has another time than the inventory may know. */
export interface RecalledTime extends RetimedFile {
  /** The time it had before. */
  readonly before: EpochNs;
}

/**
 * Kept files to which some operations of a journal have given the older time of another file, or their own again, as the
 * disk tells. Changes nothing.
 */
export async function* timesGiven(
  root: PathText,
  operations: readonly IntendedOperation[],
): AsyncGenerator<RecalledTime, void, undefined> {
  for (const operation of operations) {
    if (operation.do === "relink") yield* timeGiven(root, operation);
    if (operation.do === "separate") yield* timeGivenBack(root, operation);
  }
}

async function* timeGiven(
  root: PathText,
  { existing, before, kept, hash, size }: IntendedRelink,
): AsyncGenerator<RecalledTime, void, undefined> {
  if (BigInt(before.mtimeNs) >= BigInt(kept.mtimeNs)) return;
  const times = { from: BigInt(kept.mtimeNs), to: BigInt(before.mtimeNs) };
  yield* timeChanged(root, { path: existing, inode: BigInt(kept.inode), hash, size }, times);
}

/** Undoing a relink gives a kept file its own time again. */
async function* timeGivenBack(
  root: PathText,
  { existing, before, kept, hash, size }: IntendedSeparate,
): AsyncGenerator<RecalledTime, void, undefined> {
  if (BigInt(before.mtimeNs) >= BigInt(kept.mtimeNs)) return;
  const times = { from: BigInt(before.mtimeNs), to: BigInt(kept.mtimeNs) };
  yield* timeChanged(root, { path: existing, inode: BigInt(kept.inode), hash, size }, times);
}

async function* timeChanged(
  root: PathText,
  { path, inode, hash, size }: Pick<RecalledTime, "path" | "inode" | "hash"> & { readonly size: number },
  times: { readonly from: bigint; readonly to: bigint },
): AsyncGenerator<RecalledTime, void, undefined> {
  const found = await lstat(systemPath(joinPath(root, path)), { bigint: true }).catch((error: unknown) => {
    // Whatever is the matter with it, the next scan will see.
    if (systemCode(error) === null) throw error;
    return null;
  });
  if (found === null || found.ino !== inode || Number(found.size) !== size) return;
  // Where nobody could set it to the nanosecond, it has the microsecond.
  if (found.mtimeNs / 1_000n !== times.to / 1_000n) return;
  const modified = found.mtimeNs as EpochNs;
  yield { hash, path, inode, modified, before: times.from as EpochNs };
}
