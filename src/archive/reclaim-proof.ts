import { type BigIntStats, fdatasyncSync } from "node:fs";
import { sameVersion } from "../disk/same-version.ts";
import type { ReclaimableFile } from "../inventory/reclaimable.ts";
import type { Hash } from "../model/file.ts";
import type { PathText } from "../model/path.ts";
import type { PinnedFolders } from "./pinned-folder.ts";
import { isSame } from "./place-file.ts";
import { openForReading } from "./read-file.ts";
import type { AliasCheck } from "./reclaim-alias.ts";
import { hashTogether } from "./reclaim-read.ts";
import type { ReclaimHow } from "./reclaim-records.ts";
import { readerOf } from "./relink-compare.ts";
import { fstat, lstat } from "./relink-replace.ts";
import { Aborted, Trouble } from "./trouble.ts";

/** What proving needs of its thread. */
export interface ProofSurroundings {
  readonly how: ReclaimHow;
  readonly source: PinnedFolders;
  readonly archive: PinnedFolders;
  readonly aliases: AliasCheck;
  readonly entries: ReadEntries;
  /** Called between pieces; may throw `Aborted`. */
  readonly pause: () => void;
  /** Milliseconds of a clock that is never set. */
  readonly now: () => number;
}

/** The trouble, its `cause`, is that of the archive's entry. `actual`: what was read, if that is not the content. */
export class EntryTrouble extends Error {
  readonly actual: Hash | null;

  constructor(cause: unknown, actual: Hash | null = null) {
    super("entry", { cause });
    this.actual = actual;
  }
}

/** Milliseconds between the end of a reading and the act that relies on it. */
const longest = 60_000;

/**
 * That a file of a source and the archive's entry were two files with the recorded content, moments ago.
 *
 * {@link prove} alone makes one, and what removes a file demands one: so nothing is removed that was not read.
 */
class Proof {
  /** Nothing else is a proof, whatever members it has. */
  readonly #madeAt: number;
  readonly task: ReclaimableFile;
  readonly how: ReclaimHow;
  /** Both as they were when they had been read. */
  readonly file: BigIntStats;
  readonly entry: BigIntStats;

  constructor(proven: Pick<Proof, "task" | "how" | "file" | "entry">, madeAt: number) {
    this.#madeAt = madeAt;
    this.task = proven.task;
    this.how = proven.how;
    this.file = proven.file;
    this.entry = proven.entry;
  }

  /** @throws Trouble PROOF_EXPIRED */
  demandFresh(now: number): void {
    if (now - this.#madeAt <= longest) return;
    throw new Trouble("PROOF_EXPIRED", "too much time went by since it was read; run again");
  }
}

export type ReclaimProof = Proof;

/**
 * Proves that a file of a source may go: reads it and the archive's entry from end to end, now.
 *
 * Both are opened part by part without following a link, must be as recorded, two files and not one, and unchanged
 * afterwards. The entry is flushed: it may have been put there a second ago.
 *
 * @returns null if the file is a hard link of the entry already, and is to become one.
 * @throws Trouble CHANGED_SINCE_SCAN, CHANGED_WHILE_READ, CONTENT_CHANGED, SAME_FILE, EXDEV, NOT_A_FILE, PATH_BLOCKED;
 *   EntryTrouble; Aborted; NodeJS.ErrnoException
 */
export function prove(task: ReclaimableFile, around: ProofSurroundings): ReclaimProof | null {
  const { how, entries, pause, now } = around;
  using file = openForReading(around.source.path(task.path));
  const before = fstat(file.fd);
  expectAsScanned(task, before);
  using entry = ofEntry(() => openForReading(around.archive.path(task.entry.path)));
  const entryBefore = fstat(entry.fd);
  ofEntry(() => expectAsRecorded(task, entryBefore));
  if (isSame(before, entryBefore)) {
    if (how === "hard-link") return null;
    throw sameFile(task.entry.path);
  }
  if (how === "hard-link" && before.dev !== entryBefore.dev) {
    throw new Trouble("EXDEV", "lies on another file system than the archive");
  }
  around.aliases.check(task);
  const known = entries.recall(task.entry.path, entryBefore, now());
  const readFile = readerOf(file.fd);
  const readEntry = readerOf(entry.fd);
  const [hash, entryHash = known?.hash] = hashTogether(
    known === null ? [readFile, (...piece) => ofEntry(() => readEntry(...piece))] : [readFile],
    task.size,
    pause,
  );
  ofEntry(() => fdatasyncSync(entry.fd));
  const after = { file: fstat(file.fd), entry: fstat(entry.fd) };
  if (!sameVersion(entryBefore, after.entry)) throw entryChanged();
  if (entryHash !== task.hash) throw entryDamaged(task, entryHash ?? null);
  const readAt = entries.remember(task.entry.path, after.entry, { hash: entryHash, at: known?.at ?? now() });
  if (!isUnchanged(task, before, after.file)) throw new Trouble("CHANGED_WHILE_READ", "changed while it was read");
  if (hash !== task.hash) throw contentChanged(task, before);
  return new Proof({ task, how, file: after.file, entry: after.entry }, readAt);
}

/** Entries that were read for other files of the same content, not long ago. */
export class ReadEntries {
  readonly #read = new Map<PathText, { readonly stats: BigIntStats; readonly hash: Hash; readonly at: number }>();

  /** Not if it would leave the next proof half its time. */
  recall(path: PathText, stats: BigIntStats, now: number): { readonly hash: Hash; readonly at: number } | null {
    const known = this.#read.get(path);
    if (known === undefined || now - known.at > longest / 2) return null;
    return isSame(known.stats, stats) && sameVersion(known.stats, stats) ? known : null;
  }

  remember(path: PathText, stats: BigIntStats, read: { readonly hash: Hash; readonly at: number }): number {
    this.#read.set(path, { stats, ...read });
    return read.at;
  }
}

/**
 * Whether a file is, by its name, the one that was proven.
 *
 * @param trusted Whether inode numbers mean anything where it lies.
 */
export function isProven({ task, file }: ReclaimProof, stats: BigIntStats, trusted: boolean): boolean {
  if (!stats.isFile() || (trusted && !isSame(file, stats))) return false;
  return isUnchanged(task, file, stats);
}

/** The same for the entry. Every link changes its ctime, so that says nothing. */
export function expectEntry(proof: ReclaimProof, archive: PinnedFolders): void {
  const { entry, task } = proof;
  const now = ofEntry(() => lstat(archive.path(task.entry.path)));
  if (!isSame(entry, now) || entry.size !== now.size || entry.mtimeNs !== now.mtimeNs) throw entryChanged();
}

export function sameFile(entry: PathText): Trouble {
  return new Trouble("SAME_FILE", `it is the archive's own ${entry}, or a hard link of it: nothing would be freed`);
}

/** Does what concerns the entry. @throws EntryTrouble for whatever `work` throws */
export function ofEntry<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (cause) {
    throw cause instanceof Aborted || cause instanceof EntryTrouble ? cause : new EntryTrouble(cause);
  }
}

/** Of a file with several names ctime says nothing: it changes when another of its names goes. */
function isUnchanged({ inode }: ReclaimableFile, before: BigIntStats, after: BigIntStats): boolean {
  return (
    before.size === after.size && before.mtimeNs === after.mtimeNs && (inode !== null || sameVersion(before, after))
  );
}

export function expectAsScanned(task: ReclaimableFile, { size, mtimeNs, ctimeNs, ino }: BigIntStats): void {
  const isOne = ctimeNs === task.changed || (task.inode !== null && BigInt.asIntN(64, ino) === task.inode);
  if (Number(size) === task.size && mtimeNs === task.modified && isOne) return;
  throw changedSinceScan();
}

export function expectAsRecorded({ size, entry }: ReclaimableFile, stats: BigIntStats): void {
  if (Number(stats.size) !== size || stats.mtimeNs !== entry.modified) throw entryChanged();
}

function changedSinceScan(): Trouble {
  return new Trouble("CHANGED_SINCE_SCAN", "changed since it was scanned");
}

/** Size and times are as recorded, the bytes are not: nobody wrote to the file, something else changed it. */
function contentChanged(task: ReclaimableFile, { ctimeNs }: BigIntStats): Trouble {
  if (ctimeNs !== task.changed) return changedSinceScan();
  return new Trouble(
    "CONTENT_CHANGED",
    "two readings differ, though its size and times are the same: suspect memory, a cable or the disk of the share",
  );
}

function entryChanged(): EntryTrouble {
  return new EntryTrouble(new Trouble("ENTRY_CHANGED", "is not the file that was recorded"));
}

function entryDamaged({ hash }: ReclaimableFile, actual: Hash | null): EntryTrouble {
  const became = actual === null ? "" : ` (${hash.slice(0, 8)}… became ${actual.slice(0, 8)}…)`;
  const what = `reads differently from what was recorded${became}: suspect the archive's disk, or memory`;
  return new EntryTrouble(new Trouble("ENTRY_DAMAGED", what), actual);
}
