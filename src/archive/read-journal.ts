import { createReadStream } from "node:fs";
import { type PathText, systemPath } from "../model/path.ts";
import { journalDamaged } from "./errors.ts";
import { chainStart, openLine } from "./journal-line.ts";
import type { JournalRecord, JournalTorn } from "./journal-records.ts";

/** More than 256 operations can need, were all their paths as long as they can be. Bytes. */
const longestLine = 32 * 1024 * 1024;

/**
 * The records of a journal in order, one line in memory at a time.
 *
 * Records of a kind that is not known are passed over. A last line that is not whole ends it with a `torn` record: the run was killed while writing it.
 *
 * @param path Absolute path of the journal.
 * @throws AppError JOURNAL_DAMAGED if any other line is not what was written; NodeJS.ErrnoException if it cannot be read
 */
export async function* readJournal(path: PathText): AsyncGenerator<JournalRecord | JournalTorn, void, undefined> {
  for await (const { record } of readJournalLines(path)) yield record;
}

/** A record, and where its line stands. */
export interface JournalLine {
  readonly record: JournalRecord | JournalTorn;
  readonly atByte: number;
  /** Without its newline. */
  readonly bytes: number;
}

/** The same as {@link readJournal}, with the places of the lines. */
export async function* readJournalLines(path: PathText): AsyncGenerator<JournalLine, void, undefined> {
  let sum = chainStart;
  let number = 0;
  let torn: (JournalLine & { record: JournalTorn }) | null = null;
  for await (const line of linesOf(path)) {
    // Something follows the broken line, so it was not the last one that was written.
    if (torn !== null) throw journalDamaged(path, `line ${number}`);
    const opened = line.whole ? openLine(line.text, sum) : null;
    const { atByte, bytes } = line;
    if (opened === null) torn = { record: { do: "torn", atByte, lostBytes: bytes }, atByte, bytes };
    else if (opened.record["n"] !== number) throw journalDamaged(path, `line ${number + 1}`);
    else {
      const record = asRecord(opened.record, () => journalDamaged(path, `line ${number + 1}`));
      if (record !== null) yield { record, atByte, bytes: bytes - 1 };
    }
    sum = opened?.sum ?? sum;
    number += 1;
  }
  if (torn !== null) yield torn;
}

interface Line {
  readonly text: string;
  readonly atByte: number;
  /** With its newline. */
  readonly bytes: number;
  /** false: no newline ends it. */
  readonly whole: boolean;
}

async function* linesOf(path: PathText): AsyncGenerator<Line, void, undefined> {
  let atByte = 0;
  let parts: Buffer[] = [];
  let length = 0;
  const finish = (whole: boolean): Line => {
    const bytes = Buffer.concat(parts);
    const line = { text: bytes.toString("utf8"), atByte, bytes: length + (whole ? 1 : 0), whole };
    atByte += line.bytes;
    parts = [];
    length = 0;
    return line;
  };
  for await (const chunk of createReadStream(systemPath(path)) as AsyncIterable<Buffer>) {
    let from = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, from)) {
      parts.push(chunk.subarray(from, end));
      length += end - from;
      yield finish(true);
      from = end + 1;
    }
    if (from < chunk.length) parts.push(chunk.subarray(from));
    length += chunk.length - from;
    if (length > longestLine) throw journalDamaged(path, `byte ${atByte}`);
  }
  if (length > 0) yield finish(false);
}

/** The checksum says that we wrote it; what is left to tell apart is a later format. null: a kind that came later. */
function asRecord(record: Record<string, unknown>, damaged: () => Error): JournalRecord | null {
  if (record["do"] === "begin" && record["format"] !== 1) throw damaged();
  if (!["begin", "intend", "done", "end"].includes(String(record["do"]))) return null;
  const { n: _line, ...rest } = record;
  return rest as unknown as JournalRecord;
}
