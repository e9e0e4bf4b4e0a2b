/** Reads results of duplicate finders. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type ClaimedGroup, type Completeness, type FormatName, readResults, type Skipped } from "../imports/import.ts";

export interface Read {
  readonly format: FormatName;
  readonly detail: string;
  readonly groups: readonly ClaimedGroup[];
  readonly completeness: Completeness;
  readonly skipped: readonly Skipped[];
}

interface How {
  readonly format?: FormatName | "detect";
  readonly file?: string;
  /** Lengths of the chunks in which the document comes, over and over. */
  readonly chunks?: readonly number[];
}

/** Reads a document to its end. */
export async function read(document: string | Buffer, { format = "detect", file = "/x/results", chunks }: How = {}) {
  await using opened = await readResults(inChunks(Buffer.from(document), chunks), { file, format });
  const groups: ClaimedGroup[] = [];
  for await (const some of opened.groups) groups.push(...some);
  const { format: known, detail } = opened;
  const result: Read = {
    format: known,
    detail,
    groups,
    completeness: opened.completeness(),
    skipped: opened.skipped(),
  };
  return result;
}

/** What the tools wrote when `scripts/record-fixtures.sh` ran. */
export function recorded(name: string): Buffer {
  return readFileSync(join(import.meta.dirname, "..", "..", "..", "src", "imports", "fixtures", name));
}

/** The paths of each group, groups and paths in order. */
export function pathsOf(groups: readonly ClaimedGroup[]): readonly (readonly string[])[] {
  return groups
    .map(({ files }) => files.map(({ path }) => path as string).sort())
    .sort(([a = ""], [b = ""]) => (a < b ? -1 : 1));
}

/** Why entries were left out, and how many. */
export function reasons({ skipped }: Read): Readonly<Record<string, number>> {
  return Object.fromEntries(skipped.map(({ reason, count }) => [reason, count]));
}

async function* inChunks(bytes: Buffer, lengths: readonly number[] = [65_536]): AsyncGenerator<Buffer> {
  for (let at = 0, n = 0; at < bytes.length; n++) {
    const length = Math.max(1, lengths[n % lengths.length] ?? 1);
    // A copy each, as from a stream that uses its buffer again.
    yield Buffer.from(bytes.subarray(at, at + length));
    at += length;
  }
}
