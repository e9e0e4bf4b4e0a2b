import type { WallClock } from "./evidence.ts";
import type { Hash, Place } from "./file.ts";
import type { PathText } from "./path.ts";
import type { EpochNs } from "./time.ts";

/** One file as a step of consolidation needs it: where it is, and how it looked when it was scanned. */
export interface SourceFile extends Place {
  /** Id of its row in the inventory. */
  readonly id: number;
  /** Absolute path of the root of its source. */
  readonly root: PathText;
  /** Length in bytes. */
  readonly size: number;
  readonly modified: EpochNs;
  /** Time of the last change of anything about it (ctime). */
  readonly changed: EpochNs;
}

/** Brings a content into the archive: reads `from`, writes `to`. */
export interface CopyOperation {
  readonly do: "copy";
  readonly from: SourceFile;
  /** null: nobody has read the whole file yet; the copy will tell. */
  readonly hash: Hash | null;
  /** Path below the archive's root. */
  readonly to: PathText;
  readonly because: string;
  readonly captured?: { readonly at: WallClock; readonly from: string };
}

/** Gives a content that the archive holds one more name. */
export interface LinkOperation {
  readonly do: "link";
  readonly from: SourceFile;
  /** null: the content is being copied by an earlier operation of the same plan, which will tell. */
  readonly hash: Hash | null;
  /** Path below the archive's root that holds the content, or will by then. */
  readonly existing: PathText;
  readonly to: PathText;
  readonly because: string;
}

/** A file that needs nothing, and why. */
export interface SkipOperation {
  readonly do: "skip";
  readonly from: SourceFile;
  readonly hash: Hash | null;
  /** The entry that holds the content already; null for a file that is never archived (junk). */
  readonly to: PathText | null;
  readonly because: string;
}

export type Operation = CopyOperation | LinkOperation | SkipOperation;

/** A file of the archive as it stands after a step, for the inventory. */
export interface ArchivedFile {
  readonly path: PathText;
  readonly size: number;
  readonly modified: EpochNs;
  readonly changed: EpochNs;
  readonly device: bigint;
  /** 0: not known, since the file system's numbers mean nothing. */
  readonly inode: bigint;
}

/** Trouble with one file: it is listed, and the others go on. */
export interface Problem {
  readonly source: string;
  readonly path: PathText;
  /** The system's code ("EACCES") or one of ours ("CHANGED_WHILE_READ"). */
  readonly code: string;
  readonly message: string;
}
