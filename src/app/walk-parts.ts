import type { SeenBatch } from "../inventory/seen.ts";
import type { WalkBatch } from "../sources/walk.ts";

/** Rows that are merged in one go: enough to make the merge cheap, few enough to commit every few seconds. */
const rowsPerPart = 20_000;

/** A part of a walk that is worth a merge. */
export interface WalkPart extends SeenBatch, Pick<WalkBatch, "files" | "unreadable"> {}

/** Holds batches back until there are enough of them. */
export async function* inParts(batches: AsyncIterable<WalkBatch>): AsyncGenerator<WalkPart, void, undefined> {
  let held: WalkBatch[] = [];
  let files = 0;
  for await (const batch of batches) {
    held.push(batch);
    files += batch.files;
    if (files < rowsPerPart) continue;
    yield joined(held);
    held = [];
    files = 0;
  }
  if (held.length > 0) yield joined(held);
}

function joined(batches: readonly WalkBatch[]): WalkPart {
  return {
    folders: batches.flatMap(({ folders }) => folders),
    rows: batches.map(({ rows }) => rows),
    files: batches.reduce((sum, { files }) => sum + files, 0),
    unreadable: batches.flatMap(({ unreadable }) => unreadable),
  };
}
