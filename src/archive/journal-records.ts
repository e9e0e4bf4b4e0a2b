/** What stands in a journal; see docs/journal-format.md, which must say the same. */
import type { WallClock } from "../model/evidence.ts";
import type { Hash, SourceName } from "../model/file.ts";
import type { PathText } from "../model/path.ts";
import type { IntendedReclaim, IntendedRestore, ReclaimedResult, RestoredResult } from "./reclaim-records.ts";

/** First line: what the run is. */
export interface JournalBegin {
  readonly do: "begin";
  readonly format: 1;
  readonly run: string;
  /** "run", "consolidate", "relink", …: what the records of this journal are about. Absent in early ones: "run". */
  readonly command?: string;
  /** ISO 8601, UTC. */
  readonly at: string;
  /** Name and version, e.g. "onefold 0.1.0". */
  readonly program: string;
  /** Id of the archive, as in archive.json. */
  readonly archive: string;
  /** The run that this one takes back. */
  readonly undoes?: string;
  readonly sources: readonly { readonly name: SourceName; readonly root: PathText }[];
}

/** Flushed before the first change of the files it names. */
export interface JournalIntend {
  readonly do: "intend";
  /** Counts from 0 within the run; the `done` of the same number answers. */
  readonly batch: number;
  readonly operations: readonly IntendedOperation[];
}

export type IntendedOperation =
  | IntendedCopy
  | IntendedLink
  | IntendedRelink
  | IntendedRepair
  | IntendedRemove
  | IntendedRemoveFolder
  | IntendedSeparate
  | IntendedReclaim
  | IntendedRestore;

export type JournalOutcome =
  | JournalResult
  | RelinkedResult
  | RepairedResult
  | UndoneResult
  | ReclaimedResult
  | RestoredResult;

interface Intended {
  readonly from: { readonly source: SourceName; readonly path: PathText };
  readonly to: PathText;
  readonly size: number;
  /** Nanoseconds since 1970, in decimal. */
  readonly mtimeNs: string;
  /** The same for the last change of anything about the file in its source. Absent in early journals. */
  readonly ctimeNs?: string;
  /** Absent: not known yet. */
  readonly hash?: Hash;
}

export interface IntendedCopy extends Intended {
  readonly do: "copy";
  /** Name in `.onefold/tmp` while it is being written. */
  readonly temporary: string;
  readonly captured?: Captured;
}

export interface IntendedLink extends Intended {
  readonly do: "link";
  readonly existing: PathText;
}

/** A file of the archive is to be replaced by a hard link of another one, if both hold the same bytes. */
export interface IntendedRelink {
  readonly do: "relink";
  /** The name that changes. */
  readonly to: PathText;
  /** A name of the kept file. */
  readonly existing: PathText;
  readonly size: number;
  readonly hash: Hash;
  /** Name in `.onefold/tmp` of the link until it takes the place of the file. */
  readonly temporary: string;
  /** The file at `to`: with the bytes of the kept one, all it takes to make it again. */
  readonly before: JournalStanding;
  /** The kept file. Its time becomes that of `before` if that is older. */
  readonly kept: JournalStanding;
}

/** Names of the archive that are to hold a content again that was recorded for them. */
export interface IntendedRepair {
  readonly do: "repair";
  /** The name that was found to be damaged or missing. */
  readonly to: PathText;
  /** All names that are to change, in order; `to` is the last. */
  readonly names: readonly PathText[];
  readonly size: number;
  readonly hash: Hash;
  /** What the names will have, as recorded. */
  readonly mtimeNs: string;
  /** The file that the content is copied from; absent if `existing` is linked. A path of the archive has no source. */
  readonly from?: { readonly source?: SourceName; readonly path: PathText };
  /** Name in `.onefold/tmp` of the copy. */
  readonly temporary?: string;
  /** Another name in the archive that holds the content. */
  readonly existing?: PathText;
  /** The file at `to`; absent if it is missing. */
  readonly before?: JournalStanding;
  /** Where the file of `before` is kept, below the archive's root. */
  readonly kept?: PathText;
}

/** A file that an earlier run placed is to be removed, if that loses nothing. */
export interface IntendedRemove {
  readonly do: "remove";
  readonly to: PathText;
  readonly size: number;
  readonly mtimeNs: string;
  readonly inode: string;
  /** Absent: the run that placed it was killed before it could say. */
  readonly hash?: Hash;
}

/** A folder that an earlier run made is to be removed, if it is empty. */
export interface IntendedRemoveFolder {
  readonly do: "removeFolder";
  readonly to: PathText;
}

/** A name that an earlier run relinked is to have a file of its own again; members as in {@link IntendedRelink}. */
export interface IntendedSeparate extends Omit<IntendedRelink, "do"> {
  readonly do: "separate";
}

/** What one inode knows of its file besides the bytes. */
export interface JournalStanding {
  readonly inode: string;
  readonly mtimeNs: string;
  /** Permission bits in octal: "0644". */
  readonly mode: string;
  readonly uid: number;
  readonly gid: number;
}

/** Flushed after everything in it is on the disk for good. */
export interface JournalDone {
  readonly do: "done";
  readonly batch: number;
  /** Folders that this batch made, parents first. */
  readonly folders: readonly PathText[];
  readonly results: readonly JournalOutcome[];
}

/** One file that this run put into the archive, found there already, or could not place. */
export interface JournalResult {
  readonly outcome: "copied" | "linked" | "alreadyThere" | "taken" | "failed" | "aborted";
  readonly from: { readonly source: SourceName; readonly path: PathText };
  /** Where the content is now; absent if it is not there. */
  readonly to?: PathText;
  readonly hash?: Hash;
  readonly size?: number;
  readonly mtimeNs?: string;
  readonly inode?: string;
  readonly because?: string;
  readonly captured?: Captured;
  /** Why it failed. */
  readonly code?: string;
}

interface Captured {
  readonly at: WallClock;
  readonly from: string;
}

/** What became of one file that was to be replaced by a link; the intention of the same batch and `to` says of what. */
export interface RelinkedResult {
  readonly outcome: "relinked" | "alreadyLinked" | "full" | "keptFailed" | "deferred" | "failed" | "aborted";
  readonly to: PathText;
  readonly hash: Hash;
  /** Of what stands at `to` now; absent if it was left alone. */
  readonly size?: number;
  readonly mtimeNs?: string;
  readonly inode?: string;
  /** Why it was left alone. */
  readonly code?: string;
}

/** What became of a repair; the intention of the same batch says of what. */
export interface RepairedResult {
  readonly outcome: "repaired" | "failed" | "aborted";
  readonly to: PathText;
  readonly hash: Hash;
  /** Names that hold the content again. */
  readonly names: readonly PathText[];
  /** Of what stands at them now; absent if that is none. */
  readonly size?: number;
  readonly mtimeNs?: string;
  readonly inode?: string;
  /** Why it failed; `names` may have been changed before it did. */
  readonly code?: string;
}

/** What became of one step of an undo; the intention of the same batch and `to` says of which. */
export interface UndoneResult {
  readonly outcome: "removed" | "separated" | "gone" | "kept" | "failed" | "aborted";
  readonly to: PathText;
  /** Of what stands at `to` now, after `separated`. */
  readonly hash?: Hash;
  readonly size?: number;
  readonly mtimeNs?: string;
  readonly inode?: string;
  /** Why it was left alone. */
  readonly code?: string;
}

/** Last line; a journal without one belongs to a run that was killed. */
export interface JournalEnd {
  readonly do: "end";
  readonly status: string;
}

export type JournalRecord = JournalBegin | JournalIntend | JournalDone | JournalEnd;

/** The last line was being written when the power went or the program was killed. Nothing it names has happened. */
export interface JournalTorn {
  readonly do: "torn";
  /** Where the torn line begins. */
  readonly atByte: number;
  readonly lostBytes: number;
}
