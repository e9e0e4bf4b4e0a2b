import { type BigIntStats, fstatSync, lstatSync, renameSync } from "node:fs";
import { sameVersion } from "../disk/same-version.ts";
import { type PathText, systemPath } from "../model/path.ts";
import type { EpochNs } from "../model/time.ts";
import type { PinnedFolders } from "./pinned-folder.ts";
import { isSame } from "./place-file.ts";
import { readerOf, sameBytes } from "./relink-compare.ts";
import type { KeptFiles } from "./relink-kept.ts";
import type { Standing } from "./standing.ts";
import { Aborted, Trouble } from "./trouble.ts";

/** A file, its open twin, and the link that waits to take its place. */
export interface Pair {
  readonly link: PathText;
  readonly path: PathText;
  /** File descriptors. */
  readonly openKept: number;
  readonly openFile: number;
  readonly kept: Standing;
}

/** What relinking needs of its thread. */
export interface Surroundings {
  readonly folders: PinnedFolders;
  readonly keptFiles: KeptFiles;
  /** Called between pieces; may throw `Aborted`. */
  readonly pause: () => void;
}

/** The trouble, its `cause`, is that of the kept file: whatever else is to be linked to it would fare no better. */
export class KeptTrouble extends Error {}

/**
 * Puts the link in the place of the file, once both files were seen to be equal and nobody has touched either since.
 * If the file is older, its twin first gets its time.
 *
 * @throws Trouble CHANGED_WHILE_READ, CONTENT_DIFFERS, EPERM; KeptTrouble; Aborted; NodeJS.ErrnoException. Nothing was
 *   changed then.
 */
export function replaceIfEqual(pair: Pair, { keptFiles, pause }: Surroundings): void {
  const { openKept, kept } = pair;
  const proof = proveEqual(pair, pause);
  const { modified: before } = keptFiles.now(kept);
  if (proof.file.mtimeNs >= before) {
    replace(pair, proof);
    return;
  }
  keptFiles.setModified(kept, openKept, proof.file.mtimeNs as EpochNs);
  const retimed = fstat(openKept);
  try {
    // Setting a time hides that somebody wrote to the file just before it: the bytes tell.
    replace(pair, proveEqual(pair, pause));
  } catch (error) {
    const isItself = sameVersion(retimed, fstat(openKept)) && !isDifference(error);
    if (isItself) keptFiles.setModified(kept, openKept, before);
    else keptFiles.disown(kept);
    throw error;
  }
}

const difference = "CONTENT_DIFFERS";

/** Both files as they were when they had been seen to be equal. */
interface Proof {
  readonly kept: BigIntStats;
  readonly file: BigIntStats;
}

function proveEqual({ openKept, openFile }: Pair, pause: () => void): Proof {
  const before = { kept: fstat(openKept), file: fstat(openFile) };
  const readKept = readerOf(openKept);
  const isEqual = sameBytes(
    (...piece) => ofKept(() => readKept(...piece)),
    readerOf(openFile),
    before.file.size,
    pause,
  );
  const after = { kept: fstat(openKept), file: fstat(openFile) };
  if (!sameVersion(before.file, after.file)) throw changedMeanwhile();
  if (!sameVersion(before.kept, after.kept)) throw new KeptTrouble("changed", { cause: changedMeanwhile() });
  if (!isEqual) throw new Trouble(difference, "its bytes differ from those of the file it was recorded to be equal to");
  return after;
}

/** The last looks, and the step itself. */
function replace({ link, path, openKept }: Pair, proof: Proof): void {
  if (!sameVersion(proof.kept, fstat(openKept))) throw new KeptTrouble("changed", { cause: changedMeanwhile() });
  const last = lstat(path);
  if (!isSame(proof.file, last) || !sameVersion(proof.file, last)) throw changedMeanwhile();
  renameOver(link, path, proof.kept);
}

function renameOver(link: PathText, path: PathText, kept: BigIntStats): void {
  try {
    renameSync(systemPath(link), systemPath(path));
  } catch (error) {
    // NFS repeats a request whose answer was lost, and finds it done.
    if (!isSame(kept, lstat(path))) throw error;
  }
}

/** Does what concerns the kept file. @throws KeptTrouble for whatever `work` throws */
export function ofKept<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (cause) {
    throw cause instanceof Aborted || cause instanceof KeptTrouble ? cause : new KeptTrouble("kept file", { cause });
  }
}

function isDifference(error: unknown): boolean {
  return error instanceof Trouble && error.code === difference;
}

function changedMeanwhile(): Trouble {
  return new Trouble("CHANGED_WHILE_READ", "changed while it was compared");
}

export function fstat(fd: number): BigIntStats {
  return fstatSync(fd, { bigint: true });
}

export function lstat(path: PathText): BigIntStats {
  return lstatSync(systemPath(path), { bigint: true });
}
