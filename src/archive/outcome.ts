import type { Hash } from "../model/file.ts";
import type { ArchivedFile, CopyOperation, LinkOperation, Problem } from "../model/operation.ts";
import type { PathText } from "../model/path.ts";
import type { Seen } from "./copy-file.ts";

/** What the executor carries out. */
export type Step = CopyOperation | LinkOperation;

/** What became of one operation. */
export type Outcome =
  /** The content has a new entry: `archived`. */
  | ({ readonly kind: "copied"; readonly archived: ArchivedFile } & WholeRead)
  /** The archive's file has one more name: `archived`. */
  | { readonly kind: "linked"; readonly hash: Hash; readonly archived: ArchivedFile }
  /**
   * The content stood in the archive already, at `archived`: its entry, if that turned out only now; or what was found at
   * the wanted name (for a link perhaps another inode with the same content).
   */
  | ({ readonly kind: "alreadyThere"; readonly archived: ArchivedFile } & (WholeRead | NothingRead))
  /** Another content stands at the wanted name, and at the other one offered. */
  | ({ readonly kind: "taken" } & (WholeRead | NothingRead))
  | { readonly kind: "failed"; readonly problem: Problem; readonly bytesRead: number }
  /** The run was stopped before this file was done; nothing of it is left. */
  | { readonly kind: "aborted"; readonly bytesRead: number };

/** A source file was read from end to end: for the inventory. */
export interface WholeRead {
  readonly hash: Hash;
  /** See src/model/fingerprint.ts. */
  readonly head: string | null;
  readonly seen: Seen;
  /** From the source, repeated attempts included. */
  readonly bytesRead: number;
}

export interface NothingRead {
  readonly hash: Hash;
  readonly head: null;
  readonly seen: null;
  readonly bytesRead: 0;
}

export interface Executed {
  readonly operation: Step;
  readonly outcome: Outcome;
}

/** Operations whose results are on the disk for good, and in the journal. */
export interface ExecutedBatch {
  readonly results: readonly Executed[];
}

/** An entry as the inventory knows it. */
export interface HeldEntry {
  readonly hash: Hash;
  readonly file: ArchivedFile;
}

/** Whether a source is still there, for the executor; kept by whoever knows its mount. */
export interface SourceWatch {
  /** Aborted when the source is lost: copies in hand are thrown away, and no more are begun. */
  readonly signal: AbortSignal;
  /** Looks again. Asked before each batch of copies. */
  isThere(): Promise<boolean>;
  lose(because: string): void;
  /** Files that were read, or tried. */
  count(files: number): void;
  /** @returns those of the failures that are to be listed; the others say only that the source is lost */
  hear<One extends { readonly code: string }>(failures: readonly One[]): Promise<readonly One[]>;
}

/** What the executor asks while it works. */
export interface Advice {
  /** Whether the archive's folder still is the one that was opened. Asked before each batch. */
  archiveIsThere(): Promise<boolean>;
  /**
   * Which entry holds each content: for a copy, whose hash is known by now, to find out that the archive has it; for a
   * link, what to link. An operation that is absent from the answer has none. Asked once for each batch.
   */
  entriesOf(wanted: readonly Wanted[]): Promise<ReadonlyMap<Step, HeldEntry>>;
  /** Another name for a content whose own is taken; null: there is none. */
  otherName(operation: Step, hash: Hash): PathText | null;
}

export interface Wanted {
  readonly operation: Step;
  /** null: a link whose content the plan did not know; its source's row in the inventory does. */
  readonly hash: Hash | null;
}
