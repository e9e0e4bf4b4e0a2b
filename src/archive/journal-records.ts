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
  /** "run", "consolidate", "relink", …: what the records of this journal are about. */
  readonly command: string;
  /** ISO 8601, UTC. */
  readonly at: string;
  /** Name and version, e.g. "onefold 0.1.0". */
  readonly program: string;
  /** Id of the archive, as in archive.json. */
  readonly archive: string;
  readonly sources: readonly { readonly name: SourceName; readonly root: PathText }[];
}

/** Flushed before the first change of the files it names. */
export interface JournalIntend {
  readonly do: "intend";
  /** Counts from 0 within the run; the `done` of the same number answers. */
  readonly batch: number;
  readonly operations: readonly (IntendedCopy | IntendedLink | IntendedRelink | IntendedReclaim | IntendedRestore)[];
}

interface Intended {
  readonly from: { readonly source: SourceName; readonly path: PathText };
  readonly to: PathText;
  readonly size: number;
  /** Nanoseconds since 1970, in decimal. */
  readonly mtimeNs: string;
  /** The same for the last change of anything about the file in its source. */
  readonly ctimeNs: string;
  /** Absent: not known yet. */
  readonly hash?: Hash;
}

export interface IntendedCopy extends Intended {
  readonly do: "copy";
  /** Name in `.onefold/tmp` while it is being written. */
  readonly temporary: string;
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
  readonly results: readonly (JournalResult | RelinkedResult | ReclaimedResult | RestoredResult)[];
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
  readonly captured?: { readonly at: WallClock; readonly from: string };
  /** Why it failed. */
  readonly code?: string;
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
