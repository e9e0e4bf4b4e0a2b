import type { Hash } from "../model/file.ts";
import type { PathText } from "../model/path.ts";
import type { EpochNs } from "../model/time.ts";
import { claimedPath } from "./claimed-path.ts";
import type { Agreement, ClaimedFile, ClaimedGroup } from "./import.ts";
import { largestGroup } from "./limits.ts";
import { type Reason, SkippedEntries } from "./skipped.ts";

/** What is known of one file, or of all files of a group. */
export interface Known {
  readonly size?: number | null;
  /** Seconds since 1970. */
  readonly modifiedSeconds?: bigint | null;
  readonly hash?: Hash | null;
  /** Any checksum as it was written: files of one content have the same. */
  readonly mark?: string | null;
}

interface Draft extends Known {
  readonly path: PathText;
}

/** Characters of all paths in one piece of a group, so that long names do not fill the memory. */
const largestPiece = 4_000_000;

/**
 * Puts claims together to groups, in pieces if they are large. One group is open at a time; what is known of all
 * its files may be told after them.
 */
export class GroupBuilder {
  readonly skipped = new SkippedEntries();
  #ready: ClaimedGroup[] = [];
  #agreeIn: () => Agreement = () => "content";
  #drafts: Draft[] = [];
  #characters = 0;
  #common: Known = {};
  #standard: Known = {};
  #refused: Reason | null = null;
  #count = 0;

  /** Opens a group; one that is still open must be ended or abandoned before. @param agreeIn Asked for each piece. */
  begin(agreeIn: () => Agreement = () => "content"): void {
    this.abandon();
    this.#agreeIn = agreeIn;
  }

  /** Files and entries of the open group so far, also those that were left out. */
  get count(): number {
    return this.#count;
  }

  /** What holds for every file of the open group. */
  know(common: Known): void {
    this.#common = { ...this.#common, ...common };
  }

  /** Leaves out the open group, for a reason that is no fault of one file. */
  refuse(reason: Reason): void {
    this.#refused = reason;
  }

  /** @param path null if it is none. */
  add(path: PathText | null, known: Known = {}): void {
    this.#count++;
    const claimed = path === null ? { reason: "paths that no file can have" as const } : claimedPath(path);
    if ("reason" in claimed) {
      this.skipped.add(claimed.reason, path);
      return;
    }
    this.#drafts.push({ ...known, path: claimed.path });
    this.#characters += claimed.path.length;
    if (this.#drafts.length >= largestGroup || this.#characters >= largestPiece) this.#flush();
  }

  /** Leaves out one entry of the open group. */
  skip(reason: Reason, example: string | null = null): void {
    this.#count++;
    this.skipped.add(reason, example);
  }

  /** The open group is whole. */
  end(): void {
    this.#flush();
    this.abandon();
  }

  /** Forgets the open group, which was cut off; pieces of it that were taken stay true. */
  abandon(): void {
    this.#drafts = [];
    this.#characters = 0;
    this.#common = {};
    this.#standard = {};
    this.#refused = null;
    this.#count = 0;
  }

  /** Whole groups and pieces since the last call. */
  take(): readonly ClaimedGroup[] {
    const ready = this.#ready;
    this.#ready = [];
    return ready;
  }

  #flush(): void {
    const drafts = this.#drafts;
    this.#drafts = [];
    this.#characters = 0;
    if (this.#refused !== null) {
      if (drafts.length > 0) this.skipped.add(this.#refused, drafts[0]?.path, drafts.length);
      return;
    }
    const agreeIn = this.#agreeIn();
    const files: ClaimedFile[] = [];
    const paths = new Set<PathText>();
    for (const draft of drafts) {
      const known = { ...this.#common, ...draft };
      const fault = paths.has(draft.path) ? "files listed twice in a group" : this.#contradiction(known, agreeIn);
      paths.add(draft.path);
      if (fault === null) files.push(claimedFile(known, agreeIn));
      else this.skipped.add(fault, draft.path);
    }
    if (files.length > 0) this.#ready.push({ agreeIn, files });
  }

  /** Files of one content cannot differ in size or hash; the first that says something sets the standard. */
  #contradiction({ size = null, hash = null, mark = null }: Known, agreeIn: Agreement): Reason | null {
    if (agreeIn !== "content") return null;
    const { size: itsSize = null, hash: itsHash = null, mark: itsMark = null } = this.#standard;
    this.#standard = { size: itsSize ?? size, hash: itsHash ?? hash, mark: itsMark ?? mark };
    const differs = (one: unknown, other: unknown) => one !== null && other !== null && one !== other;
    const isOther = differs(size, itsSize) || differs(hash, itsHash) || differs(mark, itsMark);
    return isOther ? "files that contradict their group" : null;
  }
}

function claimedFile(known: Draft, agreeIn: Agreement): ClaimedFile {
  const { path, size = null, modifiedSeconds = null, hash = null } = known;
  const modified = modifiedSeconds === null ? null : ((modifiedSeconds * 1_000_000_000n) as EpochNs);
  return { path, size, modified, modifiedPrecision: "s", hash: agreeIn === "content" ? hash : null };
}
