/**
 * Other tools' results, read as claims.
 *
 * What another duplicate finder wrote is a list of *claims*: somebody, at some time, with some options, took these
 * files for equal. Nothing here looks at the files themselves; bytes decide later.
 *
 *     await using document = await openResults(file, { format: "detect" });
 *     for await (const groups of document.groups) …;
 *     const { complete, why } = document.completeness();
 */
import { createReadStream } from "node:fs";
import type { Hash } from "../model/file.ts";
import type { PathText } from "../model/path.ts";
import type { EpochNs } from "../model/time.ts";
import { chunkSize } from "./limits.ts";
import { Pump } from "./pump.ts";

export const formatNames = ["czkawka", "fclones", "rmlint", "jdupes", "rdfind", "fdupes"] as const;

/** "czkawka" is also the shape `{"name","entries":[{"size","hash","paths"}]}`; "fdupes" what several tools write like it. */
export type FormatName = (typeof formatNames)[number];

/** What one line or object of a result says about one file. */
export interface ClaimedFile {
  /**
   * Absolute, as the tool wrote it, byte for byte; never with a ".." part. Empty and "." parts are gone (not from
   * paths of Windows). It may be a Windows path (`Z:\x5cphotos\x5ca.jpg` as {@link PathText}): let `mapPath` judge.
   */
  readonly path: PathText;
  /** Bytes; null if the result does not say. */
  readonly size: number | null;
  /** null if the result does not say, or says a time without a zone. */
  readonly modified: EpochNs | null;
  /** "s": whole seconds were written, what is below them is unknown. Compare no finer. */
  readonly modifiedPrecision: "s" | "ns";
  /** Only if the result surely holds the BLAKE3-256 of the whole file. Whoever wrote it may have taken it from a cache. */
  readonly hash: Hash | null;
}

/**
 * In what the files of a group agree, as the tool says. "content" may rest on a weak checksum; "parts": only
 * parts of the content were compared. All but "content" are candidates, never duplicates: their files carry no hash.
 */
export type Agreement = "content" | "parts" | "size" | "name" | "size and name";

/**
 * Files that the tool lists together. A path stands in it once.
 *
 * A list of single files, such as czkawka's cache, gives groups of one file. A group of more than
 * 10,000 files (`largestGroup` in `limits.ts`) comes in several pieces, one after the other.
 */
export interface ClaimedGroup {
  readonly agreeIn: Agreement;
  /** Never empty. In a group that agrees in content no two files have different sizes or hashes. */
  readonly files: readonly ClaimedFile[];
}

export interface Completeness {
  readonly complete: boolean;
  /** Why not, as a part of a sentence: "it ends in the middle of a group". null if it is complete. */
  readonly why: string | null;
}

/** Entries that were left out for one reason. */
export interface Skipped {
  /** For people, in the plural: "paths that are not absolute". */
  readonly reason: string;
  readonly count: number;
  /** The first of them, cut to a readable length and free of control characters; null if there is nothing to show. */
  readonly example: string | null;
}

/** One file of results, open and read up to its first group. Dispose of it, whether read to the end or not. */
export interface ImportedDocument extends AsyncDisposable {
  readonly format: FormatName;
  /** For people: "czkawka 7 or newer, by hash, with reference folders". May gain words while the groups are read. */
  readonly detail: string;
  /**
   * The groups in the order of the document, some at a time, never none. To be read once. Memory stays bounded
   * however long the document is.
   *
   * A document that ends too early gives its complete groups and ends without an error: ask {@link completeness}.
   * Only the last group of fdupes' text may lack files then, as nothing there shows the end of the last group.
   * @throws AppError IMPORT_NOT_UNDERSTOOD where the document stops making sense; what came before still holds.
   *   IMPORT_UNREADABLE if the disk gives an error.
   */
  readonly groups: AsyncIterable<readonly ClaimedGroup[]>;
  /**
   * Whether every group that the tool wrote was there. Incomplete until {@link groups} was read to its end, and
   * always for formats without an end mark (fdupes). Says nothing about a tool that stopped early by itself and
   * wrote a well-formed document (czkawka after Ctrl-C).
   */
  completeness(): Completeness;
  /** What was left out so far: a bounded list, the most frequent reason first. */
  skipped(): readonly Skipped[];
}

/**
 * Opens a file of results and reads as far as its first group.
 *
 * @param file A path as node takes it; pipes and /dev/stdin will do.
 * @throws AppError IMPORT_NOT_UNDERSTOOD if it is none of these formats, not the one named, or another list than
 *   one of duplicates; IMPORT_UNREADABLE if it cannot be read.
 */
export async function openResults(
  file: string | Buffer,
  { format }: { readonly format: FormatName | "detect" },
): Promise<ImportedDocument> {
  const stream = createReadStream(file, { highWaterMark: chunkSize });
  return readResults(stream, { file, format });
}

/**
 * The same for bytes from anywhere.
 *
 * @param bytes Is ended early if the document makes no sense or is disposed of.
 * @param file For messages, and because the names of czkawka's caches tell what they hold.
 */
export async function readResults(
  bytes: AsyncIterable<Buffer>,
  { file, format }: { readonly file: string | Buffer; readonly format: FormatName | "detect" },
): Promise<ImportedDocument> {
  const pump = new Pump(bytes, file);
  try {
    return await pump.open(format);
  } catch (error) {
    await pump.close();
    throw error;
  }
}
