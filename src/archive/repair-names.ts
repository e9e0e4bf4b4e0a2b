import { fsyncSync, linkSync, renameSync, rmSync } from "node:fs";
import { systemCode } from "../model/errors.ts";
import type { ArchivedFile } from "../model/operation.ts";
import { folderOf, type PathText, systemPath } from "../model/path.ts";
import type { EpochNs } from "../model/time.ts";
import { setModifiedExactly } from "./file-time.ts";
import type { Folders } from "./folders.ts";
import type { PinnedFolders } from "./pinned-folder.ts";
import { archivedAs, isSame } from "./place-file.ts";
import { newTemporaryName, temporaryPath } from "./private-folder.ts";
import { openForReading } from "./read-file.ts";
import { fstat, lstat } from "./relink-replace.ts";
import type { Standing } from "./standing.ts";
import { Trouble } from "./trouble.ts";
import { asAllowed, giveStanding } from "./write-file.ts";

/** A name that is to hold the content again. */
export interface NameStep {
  readonly path: PathText;
  /** The file that stands there; null: none. */
  readonly before: Standing | null;
  /** Where that file is kept, below the root; null where another name of it has been kept already. */
  readonly kept: PathText | null;
}

/** Gives names the file that holds their content. */
export interface RepairStep {
  /** The good file: below the root, or in `.onefold/tmp`, and then it gets what the next three say. */
  readonly good: { readonly path: PathText } | { readonly temporary: string };
  readonly modified: EpochNs;
  /** Of the file that is replaced; null: the file stays as it was made. */
  readonly owner: Pick<Standing, "mode" | "uid" | "gid"> | null;
  /** In order: as long as the last one is bad, the repair is not complete. */
  readonly names: readonly NameStep[];
}

interface Surroundings {
  readonly folders: PinnedFolders;
  readonly made: Folders;
}

/**
 * Keeps every damaged file under another name first, then puts a link of the good one in its place, in one step for each
 * name: at no moment does it not exist. A missing name is made by `link`, which never overwrites.
 *
 * @param done Gets every name that was changed, also if this throws later.
 * @throws Trouble CHANGED_SINCE_SCAN, NAME_TAKEN, PATH_BLOCKED; NodeJS.ErrnoException
 */
export function repairNames(step: RepairStep, around: Surroundings, done: (name: ArchivedFile) => void): void {
  const { folders, made } = around;
  using good = openForReading(pathOf(step.good, folders));
  if ("temporary" in step.good) finishCopy(good.fd, step);
  fsyncSync(good.fd);
  for (const name of step.names) keep(name, around);
  // What is replaced next must not be lost with the names that keep it.
  made.flush();
  for (const { path, before } of step.names) {
    folders.settle();
    const goodPath = pathOf(step.good, folders);
    if (!isSame(fstat(good.fd), lstat(goodPath)))
      throw new Trouble("CHANGED_SINCE_SCAN", "its good copy was exchanged");
    if (before === null) give(goodPath, path, around);
    else replace(goodPath, path, before, folders);
    folders.touch(folderOf(path));
    const now = lstat(folders.path(path));
    if (!isSame(fstat(good.fd), now)) throw new Trouble("CHANGED_SINCE_SCAN", "was exchanged right after");
    done(archivedAs(path, now));
  }
}

function pathOf(good: RepairStep["good"], folders: PinnedFolders): PathText {
  if ("temporary" in good) return folders.path(temporaryPath("" as PathText, good.temporary));
  return folders.path(good.path);
}

function finishCopy(fd: number, { modified, owner }: RepairStep): void {
  if (owner === null) setModifiedExactly(fd, modified);
  else giveStanding(fd, { ...owner, mode: owner.mode & 0o777, modified }, asAllowed);
}

function keep({ path, before, kept }: NameStep, { folders, made }: Surroundings): void {
  if (before === null || kept === null) return;
  made.ensure(folderOf(kept));
  folders.settle();
  const target = folders.path(kept);
  try {
    linkSync(systemPath(folders.path(path)), systemPath(target));
  } catch (error) {
    // An attempt with another copy has kept it already.
    if (systemCode(error) !== "EEXIST") throw error;
  }
  if (lstat(target).ino !== before.inode) throw new Trouble("CHANGED_SINCE_SCAN", "changed since it was looked at");
  made.touch(folderOf(kept));
}

function give(good: PathText, path: PathText, { folders, made }: Surroundings): void {
  made.ensure(folderOf(path));
  try {
    linkSync(systemPath(good), systemPath(folders.path(path)));
  } catch (error) {
    if (systemCode(error) !== "EEXIST") throw error;
    throw new Trouble("NAME_TAKEN", "something else stands there by now");
  }
  made.touch(folderOf(path));
}

function replace(good: PathText, path: PathText, before: Standing, folders: PinnedFolders): void {
  const link = folders.path(temporaryPath("" as PathText, newTemporaryName()));
  const target = folders.path(path);
  try {
    linkSync(systemPath(good), systemPath(link));
    const { dev, ino, size, mtimeNs } = lstat(target);
    const isKnown = dev === before.device && ino === before.inode;
    if (!isKnown || Number(size) !== before.size || mtimeNs !== before.modified) {
      throw new Trouble("CHANGED_SINCE_SCAN", "changed since it was looked at");
    }
    renameSync(systemPath(link), systemPath(target));
  } finally {
    rmSync(systemPath(link), { force: true });
  }
}
