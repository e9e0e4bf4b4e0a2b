import type { JournalBatch } from "../archive/journal-batches.ts";
import type { IntendedCopy, IntendedLink, JournalBegin, JournalResult } from "../archive/journal-records.ts";
import type { Origin } from "../inventory/origins.ts";
import type { Hash } from "../model/file.ts";
import type { CopyOperation } from "../model/operation.ts";
import type { PathText } from "../model/path.ts";
import { type EpochNs, isRacy } from "../model/time.ts";
import { mirrorFolder } from "./mirroring.ts";

/** A file of the archive as a journal tells it. */
export interface ToldFile {
  readonly path: PathText;
  readonly size: number;
  readonly modified: EpochNs;
  readonly inode: bigint;
  readonly hash: Hash;
  /** As in `recordPlaced`. */
  readonly entry: { readonly captured: CopyOperation["captured"] | null; readonly run: string | null } | null;
}

/** A copy that was under way when its run was killed: it may stand there or not. */
export interface UnfinishedCopy extends Omit<ToldFile, "inode" | "hash"> {
  /** null: nobody had read it. */
  readonly hash: Hash | null;
}

/** What a batch of a journal tells of the archive and of the sources. */
export interface ToldBatch {
  readonly files: readonly ToldFile[];
  readonly unfinished: readonly UnfinishedCopy[];
  readonly origins: readonly Origin[];
}

/**
 * What a batch tells. Of an unfinished one only copies: that a link was made, the next scan sees by its inode.
 *
 * @param begin Of the same journal.
 */
export function toldBy({ operations, done }: JournalBatch, begin: JournalBegin): ToldBatch {
  if (done === null) {
    const unfinished = operations.flatMap((one) => (one.do === "copy" ? [unfinishedCopy(one)] : []));
    return { files: [], unfinished, origins: [] };
  }
  const sources = new Map(
    operations.flatMap((one) => (one.do === "copy" || one.do === "link" ? [[placeKey(one.from), one] as const] : [])),
  );
  const files: ToldFile[] = [];
  const origins: Origin[] = [];
  for (const result of done.results) {
    // Of a source, not of the archive.
    if ("do" in result) continue;
    if ("from" in result) {
      files.push(...fileOf(result, begin));
      origins.push(...originOf(result, sources.get(placeKey(result.from)), begin));
    } else files.push(...standingFile(result));
  }
  return { files, unfinished: [], origins };
}

/** A name that a run linked, or made a file of its own; what content has its entry where does not change by that. */
function standingFile({ to, hash, size, mtimeNs, inode }: Omit<JournalResult, "from" | "outcome">): ToldFile[] {
  if (to === undefined || hash === undefined || size === undefined) return [];
  if (mtimeNs === undefined || inode === undefined) return [];
  return [{ path: to, size, modified: BigInt(mtimeNs) as EpochNs, inode: BigInt(inode), hash, entry: null }];
}

function fileOf(result: JournalResult, { run }: JournalBegin): ToldFile[] {
  const { outcome, captured = null } = result;
  if (outcome !== "copied" && outcome !== "linked" && outcome !== "alreadyThere") return [];
  const placedBy = outcome === "copied" ? run : null;
  return standingFile(result).map((file) => ({ ...file, entry: entryAt(file.path, { captured, run: placedBy }) }));
}

/** Its run never said that it was done: it counts as found. */
function unfinishedCopy({ to, size, mtimeNs, hash, captured }: IntendedCopy): UnfinishedCopy {
  const modified = BigInt(mtimeNs) as EpochNs;
  return {
    path: to,
    size,
    modified,
    hash: hash ?? null,
    entry: entryAt(to, { captured: captured ?? null, run: null }),
  };
}

function entryAt(path: PathText, entry: NonNullable<ToldFile["entry"]>): ToldFile["entry"] {
  return path.startsWith(`${mirrorFolder}/`) ? null : entry;
}

/** Journals that were written before they named ctime tell too little: such files are read again. */
function originOf(
  { hash, from }: JournalResult,
  intended: IntendedCopy | IntendedLink | undefined,
  { at }: JournalBegin,
): Origin[] {
  if (hash === undefined || intended?.ctimeNs === undefined) return [];
  const modified = BigInt(intended.mtimeNs) as EpochNs;
  const changed = BigInt(intended.ctimeNs) as EpochNs;
  const racy = isRacy(modified, changed, Date.parse(at), null);
  return [{ ...from, size: intended.size, modified, changed, hash, racy }];
}

function placeKey({ source, path }: JournalResult["from"]): string {
  return `${source}/${path}`;
}
