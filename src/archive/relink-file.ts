import { accessSync, type BigIntStats, constants, linkSync, rmSync } from "node:fs";
import { systemCode } from "../model/errors.ts";
import type { ArchivedFile } from "../model/operation.ts";
import { folderOf, type PathText, systemPath } from "../model/path.ts";
import { archivedAs, isSame } from "./place-file.ts";
import { temporaryPath } from "./private-folder.ts";
import { openForReading } from "./read-file.ts";
import { fstat, lstat, ofKept, replaceIfEqual, type Surroundings } from "./relink-replace.ts";
import type { Standing } from "./standing.ts";
import { Trouble } from "./trouble.ts";

/** Makes `file` a hard link of `kept`, if both hold the same bytes. */
export interface RelinkStep {
  readonly file: Standing;
  readonly kept: Standing;
  /** Name in `.onefold/tmp` of the link while it waits to take the place of the file. */
  readonly temporary: string;
}

export type Relinked =
  | {
      readonly kind: "relinked";
      /** What stands at the path of the file now. */
      readonly archived: ArchivedFile;
      /** How many names the inode has left that stood there before, in the archive and elsewhere. */
      readonly namesLeft: number;
    }
  /** Both are one inode; nothing to do. */
  | { readonly kind: "alreadyLinked" }
  /** `kept` has as many names as the file system allows; the file was left alone. */
  | { readonly kind: "full" };

/**
 * Puts a hard link of `kept` in the place of `file`, in one step: at no moment does the name not exist.
 *
 * Both are opened, seen to be equal byte by byte, and to be unchanged before and after; the name must still be that of
 * the file that was read. The link is made first, under its temporary name: so what cannot work fails before
 * gigabytes are read, and the kept file's ctime stands still while it is watched. `kept` is flushed before a copy of it
 * is given up: it may be the one that was written a second ago. It gets the time of `file` if that is older. Its owner,
 * mode and extended attributes stay its own, and hold for all its names, whatever those of `file` were.
 *
 * A program that has `file` open for writing, and writes after this, writes to a file that has no name any more.
 *
 * @throws Trouble CHANGED_SINCE_SCAN, CHANGED_WHILE_READ, CONTENT_DIFFERS, NOT_A_FILE, PATH_BLOCKED, …; KeptTrouble;
 *   Aborted; NodeJS.ErrnoException. The file then is as it was, and no temporary name is left.
 */
export function relinkFile({ file, kept, temporary }: RelinkStep, around: Surroundings): Relinked {
  const { folders, keptFiles } = around;
  const keptPath = ofKept(() => folders.path(kept.path));
  const path = folders.path(file.path);
  using openKept = ofKept(() => openForReading(keptPath));
  using openFile = openForReading(path);
  ofKept(() => expect(keptFiles.now(kept), fstat(openKept.fd)));
  expect(file, fstat(openFile.fd));
  if (isSame(fstat(openKept.fd), fstat(openFile.fd))) return { kind: "alreadyLinked" };
  ofKept(() => keptFiles.flushBytes(kept, openKept.fd));
  const link = folders.path(temporaryPath("" as PathText, temporary));
  try {
    if (!ofKept(() => linked(keptPath, link))) return { kind: "full" };
    // It was linked by its name, which may be another file's by now.
    ofKept(() => expect(keptFiles.now(kept), lstat(link)));
    checkWritable(folders.inside(folderOf(file.path), "."));
    replaceIfEqual({ link, path, openKept: openKept.fd, openFile: openFile.fd, kept }, around);
  } finally {
    // Renaming leaves it where it is if somebody has linked the two meanwhile.
    rmSync(systemPath(link), { force: true });
  }
  folders.touch(folderOf(file.path));
  const now = lstat(path);
  if (!isSame(fstat(openKept.fd), now)) throw new Trouble("CHANGED_SINCE_SCAN", "was exchanged right after");
  return { kind: "relinked", archived: archivedAs(file.path, now), namesLeft: Number(fstat(openFile.fd).nlink) };
}

/** false: the file system allows no more names of this file. */
function linked(existing: PathText, link: PathText): boolean {
  try {
    linkSync(systemPath(existing), systemPath(link));
  } catch (error) {
    if (systemCode(error) === "EMLINK") return false;
    // A repeated request again: nobody but us makes this name, and what stands there is looked at next.
    if (systemCode(error) !== "EEXIST") throw error;
  }
  return true;
}

/** Asked before two files are read for nothing. */
function checkWritable(folder: PathText): void {
  try {
    accessSync(systemPath(folder), constants.W_OK | constants.X_OK);
  } catch (error) {
    const code = systemCode(error);
    if (code === null) throw error;
    throw new Trouble(code, "the folder it lies in cannot be written to");
  }
}

/** Of ctime it says nothing: every link changes that. */
function expect(known: Standing, { dev, ino, size, mtimeNs }: BigIntStats): void {
  const isKnown = dev === known.device && ino === known.inode;
  if (isKnown && Number(size) === known.size && mtimeNs === known.modified) return;
  throw new Trouble("CHANGED_SINCE_SCAN", "changed since it was scanned");
}
