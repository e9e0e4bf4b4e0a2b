import { type BigIntStats, closeSync, fstatSync, fsyncSync, openSync, renameSync, rmSync } from "node:fs";
import { sameVersion } from "../disk/same-version.ts";
import type { Hash } from "../model/file.ts";
import type { ArchivedFile } from "../model/operation.ts";
import { folderOf, type PathText, systemPath } from "../model/path.ts";
import type { EpochNs } from "../model/time.ts";
import { archivedAs, isSame } from "./place-file.ts";
import { temporaryPath } from "./private-folder.ts";
import { holds, openForReading, readPieces } from "./read-file.ts";
import { lstat } from "./relink-replace.ts";
import type { Standing } from "./standing.ts";
import type { TakeBackSurroundings } from "./take-back-file.ts";
import { ArchiveTrouble, Trouble } from "./trouble.ts";
import { giveStanding, writeAll } from "./write-file.ts";

/** Gives a name that a run made a link of `kept` a file of its own again, as it was before. */
export interface SeparateStep {
  readonly path: PathText;
  readonly before: Omit<Standing, "device">;
  readonly kept: Omit<Standing, "device">;
  readonly hash: Hash;
  /** Name in `.onefold/tmp` of the new file until it takes the place of the link. */
  readonly temporary: string;
  /** false: the run was killed before it could say whether it made the link. */
  readonly certain: boolean;
}

export type Separated =
  | { readonly kind: "separated"; readonly archived: ArchivedFile }
  /** It is a link of the kept file still. */
  | { readonly kind: "standing" }
  /** It is none. */
  | { readonly kind: "gone" }
  | { readonly kind: "kept"; readonly code: string; readonly message: string };

/** Whether the name still is a link of the kept file. @throws Trouble PATH_BLOCKED; NodeJS.ErrnoException */
export function judgeLink(step: SeparateStep, { folders }: TakeBackSurroundings): Separated {
  const file = folders.look(step.path);
  if (file === null) return { kind: "gone" };
  if (file.isFile() && file.ino === step.kept.inode) {
    return Number(file.size) === step.before.size ? { kind: "standing" } : changedSince();
  }
  const isBefore = file.isFile() && Number(file.size) === step.before.size && isTime(file, step.before.modified);
  return isBefore || !step.certain ? { kind: "gone" } : changedSince();
}

/**
 * Copies the bytes of the link, reads the copy back, and puts it in the place of the link in one step, if that is the
 * link still.
 *
 * @throws Trouble CHANGED_SINCE, PATH_BLOCKED, WRITTEN_WRONG; ArchiveTrouble; Aborted; NodeJS.ErrnoException EPERM (its
 *   owner cannot be given back), ENOSPC, … The name then is as it was, and no temporary file is left.
 */
export function separate(step: SeparateStep, around: TakeBackSurroundings): Separated {
  const judged = judgeLink(step, around);
  if (judged.kind !== "standing") return judged;
  const { folders } = around;
  const path = folders.path(step.path);
  const temporary = folders.path(temporaryPath("" as PathText, step.temporary));
  try {
    using link = openForReading(path);
    const linked = fstatSync(link.fd, { bigint: true });
    if (linked.ino !== step.kept.inode) return changedSince();
    writeCopy(link.fd, temporary, step, around);
    checkCopy(temporary, step, around);
    const last = lstat(path);
    if (!isSame(linked, last) || !sameVersion(linked, last)) return changedSince();
    renameSync(systemPath(temporary), systemPath(path));
  } finally {
    rmSync(systemPath(temporary), { force: true });
  }
  folders.touch(folderOf(step.path));
  return { kind: "separated", archived: archivedAs(step.path, lstat(path)) };
}

function writeCopy(from: number, temporary: PathText, { before }: SeparateStep, { pause }: TakeBackSurroundings): void {
  const fd = create(temporary);
  try {
    readPieces(from, before.size, (piece) => {
      pause();
      writeAll(fd, piece);
    });
    giveStanding(fd, before);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function create(temporary: PathText): number {
  try {
    return openSync(systemPath(temporary), "wx", 0o600);
  } catch (cause) {
    throw new ArchiveTrouble("no temporary file can be made", { cause });
  }
}

/** Tells both what was written wrong and a link that somebody wrote to after it was made. */
function checkCopy(temporary: PathText, step: SeparateStep, { folders, pause }: TakeBackSurroundings): void {
  const content = { size: step.before.size, hash: step.hash };
  using copy = openForReading(temporary);
  if (holds(copy.fd, content, pause)) return;
  using link = openForReading(folders.path(step.path));
  const isLinkWhole = holds(link.fd, content, pause);
  throw isLinkWhole
    ? new Trouble("WRITTEN_WRONG", "what was written reads back differently: suspect the archive's disk, or memory")
    : new Trouble("CHANGED_SINCE", "does not hold what it held when it was linked");
}

/** Whether a file has this time, as far as it could be set. */
export function isTime(file: BigIntStats, modified: EpochNs): boolean {
  return file.mtimeNs / 1_000n === modified / 1_000n;
}

function changedSince(): Separated {
  return { kind: "kept", code: "CHANGED_SINCE", message: "is not as the run left it any more" };
}
