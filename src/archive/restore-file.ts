import { type BigIntStats, closeSync, fsyncSync, openSync, renameSync, rmSync, unlinkSync } from "node:fs";
import { ContentHasher } from "../disk/content-hasher.ts";
import { toHash } from "../model/file.ts";
import { folderOf, type PathText, systemPath } from "../model/path.ts";
import type { EpochNs } from "../model/time.ts";
import { checkTemporary } from "./copy-file.ts";
import type { PinnedFolders } from "./pinned-folder.ts";
import { isSame } from "./place-file.ts";
import { putBack, refuseTaken } from "./put-back.ts";
import { holds, openForReading, readPieces } from "./read-file.ts";
import type { IntendedReclaim } from "./reclaim-records.ts";
import { fstat, lstat } from "./relink-replace.ts";
import { recordedStanding } from "./standing.ts";
import { Trouble } from "./trouble.ts";
import { asAllowed, giveStanding, writeAll } from "./write-file.ts";

/** A file that a run has taken from a source, or may have. */
export interface RestoreStep {
  readonly operation: IntendedReclaim;
  /** false: the run said that it left the file alone, so what is missing was removed by somebody else. */
  readonly wasTaken: boolean;
  /** As the run left it in quarantine; null if it did not say. */
  readonly changed: EpochNs | null;
  /** Paths of the archive that may hold the content, likeliest first. */
  readonly held: readonly PathText[];
  /** Name in `.onefold/tmp` of the source for a copy; the same each time, so that a killed attempt leaves nothing. */
  readonly temporary: string;
}

/** What restoring needs of its thread. */
export interface RestoreSurroundings {
  readonly source: PinnedFolders;
  readonly archive: PinnedFolders;
  /** Called between pieces; may throw `Aborted`. */
  readonly pause: () => void;
}

export type Restored =
  /** `unchanged`: its last change now, if it certainly holds what was recorded. */
  | { readonly kind: "restored"; readonly unchanged: EpochNs | null }
  /** It had never gone, or had come back. */
  | { readonly kind: "alreadyThere" };

const temporaryFolder = ".onefold/tmp" as PathText;

/**
 * Brings a file back to its place in a source: from where it lies, else as a copy of what the archive holds. Never
 * overwrites anything; but a hard link of the archive's entry, which `reclaim` put there, gives way to a file of its own.
 *
 * @throws Trouble PLACE_TAKEN, NOT_RESTORABLE, CHANGED_SINCE_SCAN, PATH_BLOCKED, WRITTEN_WRONG; Aborted;
 *   NodeJS.ErrnoException. Nothing was changed then.
 */
export function restoreFile(step: RestoreStep, around: RestoreSurroundings): Restored {
  const { operation, wasTaken } = step;
  const { source } = around;
  const { path } = operation.from;
  const place = source.look(path);
  const lying = source.look(operation.aside);
  if (operation.how === "hard-link") return unlinked(step, place, around);
  if (place !== null && lying === null) return standing(step, place, around);
  if (lying === null && !wasTaken) throw notRestorable("is gone, and the run had left it alone");
  source.ensure(folderOf(path));
  const to = source.path(path);
  source.touch(folderOf(path));
  if (lying === null) return copied(step, to, around);
  if (!lying.isFile()) throw new Trouble("NOT_A_FILE", `what lies at ${operation.aside} is no ordinary file`);
  putBack(source.path(operation.aside), to);
  source.touch(folderOf(operation.aside));
  const isUntouched = step.changed !== null && lying.ctimeNs === step.changed && isAsTaken(operation, lying);
  return { kind: "restored", unchanged: isUntouched ? (lstat(to).ctimeNs as EpochNs) : null };
}

/** Something stands at the place: fine if it is the file. */
function standing({ operation }: RestoreStep, place: BigIntStats, { source, pause }: RestoreSurroundings): Restored {
  const taken = new Trouble("PLACE_TAKEN", "something else stands there now");
  if (!place.isFile() || Number(place.size) !== operation.size) throw taken;
  if (isAsTaken(operation, place)) return { kind: "alreadyThere" };
  using file = openForReading(source.path(operation.from.path));
  if (!holds(file.fd, operation, pause)) throw taken;
  return { kind: "alreadyThere" };
}

/** From the archive, which still holds the content. */
function copied(step: RestoreStep, to: PathText, around: RestoreSurroundings): Restored {
  refuseTaken(to);
  const temporary = copyOf(step, around);
  try {
    putBack(temporary, to);
  } catch (error) {
    rmSync(systemPath(temporary), { force: true });
    throw error;
  }
  return { kind: "restored", unchanged: exactly(step, lstat(to)) };
}

/** A hard link of the entry becomes a file of its own again. At no moment does the name not exist. */
function unlinked(step: RestoreStep, place: BigIntStats | null, around: RestoreSurroundings): Restored {
  const { operation, held } = step;
  const { source, archive } = around;
  if (place === null) throw notRestorable("is gone: somebody has removed it since");
  const entries = held.flatMap((path) => archive.look(path) ?? []);
  if (!entries.some((entry) => isSame(entry, place))) {
    if (place.ino === BigInt(operation.before.inode)) return { kind: "alreadyThere" };
    return standing(step, place, around);
  }
  const to = source.path(operation.from.path);
  const temporary = copyOf(step, around);
  source.touch(folderOf(operation.from.path));
  try {
    if (!isSame(place, lstat(to))) throw new Trouble("CHANGED_SINCE_SCAN", "was exchanged in that moment");
    renameSync(systemPath(temporary), systemPath(to));
  } catch (error) {
    rmSync(systemPath(temporary), { force: true });
    throw error;
  }
  return { kind: "restored", unchanged: exactly(step, lstat(to)) };
}

/** A complete copy with the time, mode and owner that the file had: flushed, and read back. */
function copyOf(step: RestoreStep, around: RestoreSurroundings): PathText {
  const { source, pause } = around;
  source.ensure(temporaryFolder, 0o700);
  const temporary = source.inside(temporaryFolder, step.temporary);
  // A killed attempt of ours has left it: nobody else makes this name.
  rmSync(systemPath(temporary), { force: true });
  source.touch(temporaryFolder);
  for (const path of step.held) {
    if (!copyFrom(path, temporary, step, around)) continue;
    try {
      checkTemporary(temporary, step.operation, { pause });
    } catch (error) {
      unlinkSync(systemPath(temporary));
      throw error;
    }
    return temporary;
  }
  throw notRestorable("is gone, and the archive does not hold its content any more");
}

/** false: that path does not hold the content; nothing is left. */
function copyFrom(path: PathText, to: PathText, step: RestoreStep, around: RestoreSurroundings): boolean {
  const { operation } = step;
  if (around.archive.look(path)?.isFile() !== true) return false;
  using entry = openForReading(around.archive.path(path));
  const fd = openSync(systemPath(to), "wx", 0o600);
  let isComplete = false;
  try {
    isComplete = copyBytes(entry.fd, fd, operation, around.pause);
    if (isComplete) {
      giveStanding(fd, recordedStanding(operation.from.path, operation.size, operation.before), asAllowed);
      fsyncSync(fd);
    }
  } finally {
    closeSync(fd);
    if (!isComplete) unlinkSync(systemPath(to));
  }
  return isComplete;
}

function copyBytes(from: number, to: number, { size, hash }: IntendedReclaim, pause: () => void): boolean {
  if (Number(fstat(from).size) !== size) return false;
  const hasher = new ContentHasher(size);
  const bytes = readPieces(from, size, (piece) => {
    pause();
    hasher.update(piece);
    writeAll(to, piece);
  });
  return bytes === size && toHash(hasher.digest()) === hash;
}

function exactly({ operation }: RestoreStep, now: BigIntStats): EpochNs | null {
  return isAsTaken(operation, now) ? (now.ctimeNs as EpochNs) : null;
}

function isAsTaken({ size, mtimeNs }: IntendedReclaim, stats: BigIntStats): boolean {
  return Number(stats.size) === size && stats.mtimeNs === BigInt(mtimeNs);
}

function notRestorable(why: string): Trouble {
  return new Trouble("NOT_RESTORABLE", why);
}
