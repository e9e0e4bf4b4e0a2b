import { open } from "node:fs/promises";
import { type PathText, systemPath } from "../model/path.ts";
import type { IntendedOperation, JournalBegin, JournalDone, JournalEnd, JournalIntend } from "./journal-records.ts";
import { type JournalLine, readJournalLines } from "./read-journal.ts";

/** What a run meant to do in one batch, and what came of it. */
export interface JournalBatch {
  readonly do: "batch";
  /** In order; one whose name was taken stands a second time with its other name. */
  readonly operations: readonly IntendedOperation[];
  /** null: the run was killed first, and the batch may have happened in part. */
  readonly done: JournalDone | null;
  readonly place: BatchPlace;
}

/** Where the lines of a batch stand in their journal, for {@link readBatch}. */
export type BatchPlace = readonly Pick<JournalLine, "atByte" | "bytes">[];

/**
 * A journal batch by batch: those that were done, as they were done; then those that were not. Memory does not grow with
 * the journal, since only a few batches are under way at a time.
 *
 * @throws AppError JOURNAL_DAMAGED; NodeJS.ErrnoException ENOENT, …
 */
export async function* journalBatches(
  path: PathText,
): AsyncGenerator<JournalBegin | JournalBatch | JournalEnd, void, undefined> {
  const underWay = new Map<number, { operations: IntendedOperation[]; place: BatchPlace[number][] }>();
  let end: JournalEnd | null = null;
  for await (const line of readJournalLines(path)) {
    const { record } = line;
    if (record.do === "begin") yield record;
    if (record.do === "end") end = record;
    if (record.do !== "intend" && record.do !== "done") continue;
    const batch = underWay.get(record.batch) ?? { operations: [], place: [] };
    batch.place.push({ atByte: line.atByte, bytes: line.bytes });
    if (record.do === "intend") {
      batch.operations.push(...record.operations);
      underWay.set(record.batch, batch);
      continue;
    }
    underWay.delete(record.batch);
    yield { do: "batch", ...batch, done: record };
  }
  for (const batch of underWay.values()) yield { do: "batch", ...batch, done: null };
  if (end !== null) yield end;
}

/** First line of a journal; null if it was killed before that was written. */
export async function journalBegin(path: PathText): Promise<JournalBegin | null> {
  for await (const { record } of readJournalLines(path)) return record.do === "begin" ? record : null;
  return null;
}

/** Reads one batch again, of a journal that {@link journalBatches} has found to be whole. */
export async function readBatch(path: PathText, place: BatchPlace): Promise<JournalBatch> {
  await using file = await open(systemPath(path), "r");
  const operations: IntendedOperation[] = [];
  let done: JournalDone | null = null;
  for (const { atByte, bytes } of place) {
    const buffer = Buffer.alloc(bytes);
    await file.read(buffer, 0, bytes, atByte);
    const record = JSON.parse(buffer.toString("utf8")) as JournalIntend | JournalDone;
    if (record.do === "intend") operations.push(...record.operations);
    else done = record;
  }
  return { do: "batch", operations, done, place };
}
