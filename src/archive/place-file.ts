import { type BigIntStats, fsyncSync, linkSync, lstatSync, unlinkSync } from "node:fs";
import { systemCode } from "../model/errors.ts";
import type { Hash } from "../model/file.ts";
import type { ArchivedFile } from "../model/operation.ts";
import { folderOf, type PathText, systemPath } from "../model/path.ts";
import type { EpochNs } from "../model/time.ts";
import type { Folders } from "./folders.ts";
import { temporaryPath } from "./private-folder.ts";
import { holds, openForReading } from "./read-file.ts";
import { Trouble } from "./trouble.ts";

/** Gives a complete temporary file its name in the archive. */
export interface PublishStep {
  readonly do: "publish";
  readonly temporary: string;
  readonly to: PathText;
  readonly size: number;
  readonly hash: Hash;
  /** The entry that is said to hold this content already. */
  readonly held: ArchivedFile | null;
}

/** Gives an entry one more name. */
export interface LinkStep {
  readonly do: "link";
  readonly to: PathText;
  readonly size: number;
  readonly hash: Hash;
  readonly held: ArchivedFile;
}

/** Where a content stands now. `taken`: another content stands at `to`; nothing was changed. */
export type Placed =
  | { readonly kind: "placed" | "alreadyThere"; readonly archived: ArchivedFile }
  | { readonly kind: "taken" };

/** What placing needs of its thread. */
export interface Surroundings {
  readonly folders: Folders;
}

/**
 * Publishes by `link`, which never overwrites. Removes the temporary file unless the name is taken, or this throws.
 *
 * @throws Trouble PATH_BLOCKED; NodeJS.ErrnoException ENAMETOOLONG, ENOSPC, …
 */
export function publish(step: PublishStep, around: Surroundings): Placed {
  const temporary = temporaryPath("" as PathText, step.temporary);
  const isHeld = step.held !== null && stillHeld(step.held, around);
  const how = isHeld ? "alreadyThere" : give(temporary, step, around);
  if (how === "taken") return { kind: "taken" };
  // Before the file is looked at for the last time: it changes ctime.
  unlinkSync(systemPath(around.folders.path(temporary)));
  return { kind: how, archived: archivedAt(isHeld ? step.held.path : step.to, around) };
}

/**
 * Links an entry to one more name, if it still is the file that was recorded.
 *
 * @throws Trouble ENTRY_CHANGED, PATH_BLOCKED; NodeJS.ErrnoException EMLINK, EXDEV, ENAMETOOLONG, ENOSPC, …
 */
export function linkEntry(step: LinkStep, around: Surroundings): Placed {
  if (!stillHeld(step.held, around)) {
    throw new Trouble("ENTRY_CHANGED", `the archive's ${step.held.path} is gone or is not the file that was recorded`);
  }
  const how = give(step.held.path, step, around);
  return how === "taken" ? { kind: "taken" } : { kind: how, archived: archivedAt(step.to, around) };
}

/** Links `existing`, a path of the archive, to the name that is wanted, unless something stands there. */
function give(existing: PathText, step: PublishStep | LinkStep, around: Surroundings): Placed["kind"] {
  const folder = folderOf(step.to);
  around.folders.ensure(folder);
  const from = systemPath(around.folders.path(existing));
  const target = systemPath(around.folders.path(step.to));
  const ours = lstatSync(from, { bigint: true });
  if (!ours.isFile()) throw new Trouble("NOT_A_FILE", "what was to be linked is no longer an ordinary file");
  try {
    linkSync(from, target);
  } catch (error) {
    if (systemCode(error) !== "EEXIST") throw error;
    const how = occupied(ours, step, around);
    if (how !== "taken") around.folders.touch(folder);
    return how;
  }
  around.folders.touch(folder);
  if (isSame(ours, lstatSync(target, { bigint: true }))) return "placed";
  // Somebody exchanged the file between looking and linking: take back what we made.
  unlinkSync(target);
  throw new Trouble("ENTRY_CHANGED", "the file to be linked was exchanged in that moment");
}

/** Something stands at the name that was wanted: fine if it is this very file, or holds the same content. */
function occupied(ours: BigIntStats, step: PublishStep | LinkStep, around: Surroundings): Placed["kind"] {
  const target = around.folders.path(step.to);
  const theirs = lstatSync(systemPath(target), { bigint: true });
  // NFS repeats a request whose answer was lost: then our own link, just made, says that it exists.
  if (isSame(ours, theirs)) return step.do === "publish" ? "placed" : "alreadyThere";
  if (!theirs.isFile() || theirs.size !== ours.size) return "taken";
  using file = openForReading(target);
  if (!holds(file.fd, step, () => {})) return "taken";
  // Left by a run that was killed, or put there by hand: make sure that it stays.
  fsyncSync(file.fd);
  return "alreadyThere";
}

/**
 * Archive files are judged by size, modification time and inode: `link` and `chmod` change ctime. Where inode numbers
 * mean nothing, as on network file systems, the inventory keeps none, and size and time must do.
 */
function stillHeld(held: ArchivedFile, around: Surroundings): boolean {
  const stats = statsAt(held.path, around);
  if (stats === null || !stats.isFile()) return false;
  const isSameInode = held.inode === 0n || stats.ino === BigInt.asUintN(64, held.inode);
  return Number(stats.size) === held.size && stats.mtimeNs === held.modified && isSameInode;
}

/** Whether both are one ordinary file. */
export function isSame(a: BigIntStats, b: BigIntStats): boolean {
  return b.isFile() && a.ino === b.ino && a.dev === b.dev;
}

/** null: nothing stands there. */
function statsAt(path: PathText, { folders }: Surroundings): BigIntStats | null {
  try {
    return lstatSync(systemPath(folders.path(path)), { bigint: true });
  } catch (error) {
    if (systemCode(error) === "ENOENT") return null;
    throw error;
  }
}

function archivedAt(path: PathText, { folders }: Surroundings): ArchivedFile {
  return archivedAs(path, lstatSync(systemPath(folders.path(path)), { bigint: true }));
}

/** What the inventory is to know of a file of the archive. */
export function archivedAs(path: PathText, stats: BigIntStats): ArchivedFile {
  return {
    path,
    size: Number(stats.size),
    modified: stats.mtimeNs as EpochNs,
    changed: stats.ctimeNs as EpochNs,
    device: stats.dev,
    inode: stats.ino,
  };
}
