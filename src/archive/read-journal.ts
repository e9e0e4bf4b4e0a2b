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
 * A last line that is not whole ends it with a `torn` record: the run was killed while writing it.
 *
 * @param path Absolute path of the journal.
 * @throws AppError JOURNAL_DAMAGED if any other line is not what was written; NodeJS.ErrnoException if it cannot be read
 */
export async function* readJournal(path: PathText): AsyncGenerator<JournalRecord | JournalTorn, void, undefined> {
  let sum = chainStart;
  let number = 0;
  let torn: JournalTorn | null = null;
  for await (const line of linesOf(path)) {
    // Something follows the broken line, so it was not the last one that was written.
    if (torn !== null) throw journalDamaged(path, `line ${number}`);
    const opened = line.whole ? openLine(line.text, sum) : null;
    if (opened === null) torn = { do: "torn", atByte: line.atByte, lostBytes: line.bytes };
    else if (opened.record["n"] !== number) throw journalDamaged(path, `line ${number + 1}`);
    else yield asRecord(opened.record, () => journalDamaged(path, `line ${number + 1}`));
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

/** The checksum says that we wrote it; what is left to tell apart is a later format. */
function asRecord(record: Record<string, unknown>, damaged: () => Error): JournalRecord {
  if (record["do"] === "begin" && record["format"] !== 1) throw damaged();
  if (!["begin", "intend", "done", "end"].includes(String(record["do"]))) throw damaged();
  const { n: _line, ...rest } = record;
  return rest as unknown as JournalRecord;
}
