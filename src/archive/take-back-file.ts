import { type BigIntStats, fstatSync, unlinkSync } from "node:fs";
import { sameVersion } from "../disk/same-version.ts";
import { systemCode } from "../model/errors.ts";
import type { Hash } from "../model/file.ts";
import { folderOf, type PathText, systemPath } from "../model/path.ts";
import type { EpochNs } from "../model/time.ts";
import type { PinnedFolders } from "./pinned-folder.ts";
import { isSame } from "./place-file.ts";
import { hashNow, openForReading } from "./read-file.ts";
import { Trouble } from "./trouble.ts";

/** A name that a run gave to a file of the archive, by copying or linking. */
export interface TakeBackStep {
  readonly kind: "copy" | "link";
  readonly path: PathText;
  readonly size: number;
  readonly modified: EpochNs;
  /** null: the run was killed before anybody had read the file. */
  readonly hash: Hash | null;
  /**
   * How the run left it; null where inode numbers mean nothing.
   * `intended`: it was killed before it could say whether it did, so what stands there may be another file.
   */
  readonly left: { readonly inode: bigint | null } | Intended;
  /** Absolute paths at which the content may lie outside the archive, the likeliest first. */
  readonly copies: readonly PathText[];
}

interface Intended {
  readonly intended: true;
  /** What a link was to become a name of. */
  readonly existing: PathText | null;
  /** When the run began: what is older is not its work. */
  readonly since: EpochNs;
}

/** A name as it was looked at, or as it was just before it was removed. */
export interface StandingName {
  readonly kind: "removed" | "standing";
  readonly file: BigIntStats;
  /** Bytes: 0 while the file has other names. */
  readonly freed: number;
}

/** How a step stands. */
export type TakenBack =
  | StandingName
  /** Nothing stands there, or nothing of that run. */
  | { readonly kind: "gone" }
  | { readonly kind: "kept"; readonly code: string; readonly message: string };

export interface TakeBackSurroundings {
  readonly folders: PinnedFolders;
  /** Called between pieces; may throw `Aborted`. */
  readonly pause: () => void;
}

/**
 * Whether the file still is what the run left, and whether a name of it that the run did not make stands against its
 * removal. Reads nothing.
 *
 * @param ignored How many names of an inode are to count as removed already.
 * @throws Trouble PATH_BLOCKED; NodeJS.ErrnoException
 */
export function judge(
  step: TakeBackStep,
  { folders }: Pick<TakeBackSurroundings, "folders">,
  ignored: (inode: bigint) => number = () => 0,
): TakenBack {
  const file = folders.look(step.path);
  if (file === null) return { kind: "gone" };
  const isLeft = "intended" in step.left ? isIntended(step, step.left, file, folders) : isAsLeft(step, file);
  if (!isLeft) return "intended" in step.left ? { kind: "gone" } : changedSince();
  const names = Number(file.nlink) - ignored(file.ino);
  if (step.kind === "copy" && names > 1) {
    return { kind: "kept", code: "USED_LATER", message: "a later run uses it: the file has further names" };
  }
  return { kind: "standing", file, freed: names > 1 ? 0 : step.size };
}

/**
 * Removes the name, unless it is the last one of its file and nobody outside the archive is seen to hold the same bytes:
 * then the copy in the source is read from end to end first.
 *
 * @throws Trouble PATH_BLOCKED; Aborted; NodeJS.ErrnoException. The file then is where it was.
 */
export function takeBack(step: TakeBackStep, around: TakeBackSurroundings): TakenBack {
  const judged = judge(step, around);
  if (judged.kind !== "standing") return judged;
  const { file, freed } = judged;
  if (file.nlink <= 1n) {
    const hash = "intended" in step.left ? contentOf(step, around) : step.hash;
    if (hash === null) return { kind: "gone" };
    if (!step.copies.some((path) => isCopyOf(path, { size: step.size, hash, file }, around.pause))) return lastCopy();
  }
  const path = around.folders.path(step.path);
  const last = around.folders.look(step.path);
  if (last === null || !isSame(file, last) || !isUntouched(file, last)) return changedSince();
  unlinkSync(systemPath(path));
  around.folders.touch(folderOf(step.path));
  return { kind: "removed", file, freed };
}

/** A name may have been added or removed meanwhile, which changes ctime; but the last one must still be the last. */
function isUntouched(before: BigIntStats, now: BigIntStats): boolean {
  if (before.nlink <= 1n || now.nlink <= 1n) return before.nlink === now.nlink && sameVersion(before, now);
  return before.size === now.size && before.mtimeNs === now.mtimeNs;
}

/** Whether a file outside the archive holds the content now: read whole, and not the archive's file by another way. */
function isCopyOf(
  path: PathText,
  { size, hash, file }: { readonly size: number; readonly hash: Hash; readonly file: BigIntStats },
  pause: () => void,
): boolean {
  try {
    using copy = openForReading(path);
    const before = fstatSync(copy.fd, { bigint: true });
    // A share may lead back into the archive, and give its device another number.
    if (before.ino === file.ino && (before.dev === file.dev || before.ctimeNs === file.ctimeNs)) return false;
    if (Number(before.size) !== size) return false;
    return hashNow(copy.fd, size, pause) === hash && sameVersion(before, fstatSync(copy.fd, { bigint: true }));
  } catch (error) {
    if (error instanceof Trouble || systemCode(error) !== null) return false;
    throw error;
  }
}

/** What an unfinished copy holds; null if that is not what was meant to stand there. */
function contentOf({ path, size, hash }: TakeBackStep, { folders, pause }: TakeBackSurroundings): Hash | null {
  using file = openForReading(folders.path(path));
  const found = hashNow(file.fd, size, pause);
  return hash === null || found === hash ? found : null;
}

function isAsLeft({ size, modified, left }: TakeBackStep, file: BigIntStats): boolean {
  const isInode = !("inode" in left) || left.inode === null || left.inode === file.ino;
  return file.isFile() && isInode && Number(file.size) === size && file.mtimeNs === modified;
}

/** Of copies, times are those of their sources, to the microsecond. */
function isIntended(
  { kind, size, modified }: TakeBackStep,
  { existing, since }: Intended,
  file: BigIntStats,
  folders: PinnedFolders,
): boolean {
  if (!file.isFile() || Number(file.size) !== size) return false;
  if (kind === "copy") {
    // Where no time of birth is kept, it is 0.
    const isOlder = file.birthtimeNs > 0n && file.birthtimeNs + clockStep < since;
    return file.mtimeNs / 1_000n === modified / 1_000n && !isOlder;
  }
  const other = existing === null ? null : folders.look(existing);
  return other !== null && isSame(other, file);
}

/** The kernel's clock for files goes in steps; a server's may differ a little. */
const clockStep = 2_000_000_000n;

function changedSince(): TakenBack {
  return { kind: "kept", code: "CHANGED_SINCE", message: "is not as the run left it any more" };
}

function lastCopy(): TakenBack {
  return {
    kind: "kept",
    code: "LAST_COPY",
    message: "no source is seen to hold its content any more: it may be the last copy",
  };
}
