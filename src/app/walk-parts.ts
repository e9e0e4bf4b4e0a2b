import type { SeenBatch, SeenFolder } from "../inventory/seen.ts";
import type { WalkBatch } from "../sources/walk.ts";

/** Rows that are merged in one go: enough to make the merge cheap, few enough to commit every few seconds. */
const rowsPerPart = 20_000;

/** A part of a walk that is worth a merge. */
export interface WalkPart extends SeenBatch, Pick<WalkBatch, "files" | "read" | "unreadable"> {}

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
  const sum = (pick: (batch: WalkBatch) => number) => batches.reduce((total, batch) => total + pick(batch), 0);
  return {
    folders: batches.flatMap(foldersOf),
    files: sum(({ files }) => files),
    read: { files: sum(({ read }) => read.files), bytes: sum(({ read }) => read.bytes) },
    unreadable: batches.flatMap(({ unreadable }) => unreadable),
  };
}

function foldersOf({ folders, rows }: WalkBatch): SeenFolder[] {
  let begin = 0;
  return folders.map(({ end, ...folder }) => {
    const own = rows.subarray(begin, end);
    begin = end;
    return { ...folder, rows: own };
  });
}
