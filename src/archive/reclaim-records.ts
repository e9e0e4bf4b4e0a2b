/** What the journal of `onefold reclaim`, and of taking it back, holds besides; see docs/journal-format.md. */
import type { Hash, Place } from "../model/file.ts";
import type { PathText } from "../model/path.ts";
import type { JournalStanding } from "./journal-records.ts";

/** How the space of a source's file is freed. */
export type ReclaimHow = "quarantine" | "delete" | "hard-link";

/** A file of a source is to go, since the archive holds its content. */
export interface IntendedReclaim {
  readonly do: "reclaim";
  readonly how: ReclaimHow;
  readonly from: Place;
  /** The entry in the archive that was read just before, and holds the same bytes. */
  readonly existing: PathText;
  readonly hash: Hash;
  readonly size: number;
  readonly mtimeNs: string;
  readonly ctimeNs: string;
  /** The file as it stood. */
  readonly before: JournalStanding;
  /**
   * Path below the root of the source. Quarantine: where the file lies from then on. Delete: where it lies for a moment,
   * to be looked at once more. Hard link: where the new link waits to take the place of the file.
   */
  readonly aside: PathText;
}

/** What became of it. */
export interface ReclaimedResult {
  readonly do: "reclaim";
  readonly outcome: "reclaimed" | "failed" | "aborted";
  readonly how: ReclaimHow;
  readonly from: Place;
  /** The entry that holds the content. */
  readonly existing: PathText;
  readonly hash: Hash;
  /** Of a file in quarantine: its last change, which was its moving there. */
  readonly ctimeNs?: string;
  /** Why it was left alone. */
  readonly code?: string;
}

/** A file that `reclaim` took from a source is to come back. */
export interface IntendedRestore {
  readonly do: "restore";
  /** How it went. */
  readonly how: ReclaimHow;
  /** Where it is to be again. */
  readonly from: Place;
  readonly hash: Hash;
  readonly size: number;
  /** Path below the root of the source of what is moved back, or of the copy while it is written. */
  readonly aside: PathText;
}

export interface RestoredResult {
  readonly do: "restore";
  /** `alreadyThere`: it had never gone, or had come back; nothing was changed. */
  readonly outcome: "restored" | "alreadyThere" | "failed" | "aborted";
  readonly from: Place;
  readonly hash: Hash;
  readonly code?: string;
}
