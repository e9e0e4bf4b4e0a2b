import { type BigIntStats, linkSync, lstatSync, renameSync, rmSync, unlinkSync } from "node:fs";
import { systemCode } from "../model/errors.ts";
import { folderOf, type PathText, systemPath } from "../model/path.ts";
import type { EpochNs } from "../model/time.ts";
import type { PinnedFolders } from "./pinned-folder.ts";
import { isSame } from "./place-file.ts";
import { putBack, refuseTaken } from "./put-back.ts";
import { openForReading } from "./read-file.ts";
import { expectEntry, isProven, type ReclaimProof } from "./reclaim-proof.ts";
import { fstat, lstat } from "./relink-replace.ts";
import { Trouble } from "./trouble.ts";

/** What reclaiming needs of its thread. */
export interface ActSurroundings {
  readonly source: PinnedFolders;
  readonly archive: PinnedFolders;
  /** Whether inode numbers mean anything in the source. */
  readonly trusted: boolean;
  /** Milliseconds of a clock that is never set. */
  readonly now: () => number;
}

export interface Reclaimed {
  readonly kind: "reclaimed";
  /** Last change of the inode that the name had: of a file in quarantine, and of the other names of a removed one. */
  readonly changed: EpochNs;
  /** Names that its inode had just before; 1 where nobody knows. */
  readonly names: number;
  /** Of what stands at the name now, if anything does. */
  readonly now: { readonly modified: EpochNs; readonly device: bigint; readonly inode: bigint } | null;
}

/** What is not for other users of the share to see stays so. */
const privateMode = 0o700;

/**
 * Frees the space of one name of a source. The only code of this program that takes a file of a user's source away.
 *
 * What goes is first moved aside on the same file system, where nobody else writes, and looked at there: so it is
 * certainly the file that was read, and not one that took its name in that moment, which is given back.
 *
 * @param aside Path below the root of the source, where nothing stands.
 * @throws Trouble PROOF_EXPIRED, CHANGED_SINCE_SCAN, PLACE_TAKEN, PATH_BLOCKED; EntryTrouble; NodeJS.ErrnoException. The
 *   file then is at its place.
 * @throws Trouble LEFT_ASIDE: it could not be given back, and lies aside
 */
export function reclaimFile(proof: ReclaimProof, aside: PathText, around: ActSurroundings): Reclaimed {
  const { source, archive, now } = around;
  proof.demandFresh(now());
  const { path } = proof.task;
  const from = source.path(path);
  source.ensure(folderOf(aside), privateMode);
  const to = source.path(aside);
  refuseTaken(to);
  expectEntry(proof, archive);
  source.touch(folderOf(aside));
  source.touch(folderOf(path));
  const move = { from, to, aside };
  switch (proof.how) {
    case "quarantine":
      return gone(moveAside(proof, move, around), around);
    case "delete":
      return remove(moveAside(proof, move, around), move, around);
    case "hard-link":
      return replaceByLink(proof, move, around);
  }
}

interface Move {
  readonly from: PathText;
  readonly to: PathText;
  readonly aside: PathText;
}

/** What lies aside then: certainly what was proven. */
function moveAside(proof: ReclaimProof, move: Move, { trusted }: ActSurroundings): BigIntStats {
  const { from, to } = move;
  if (!isProven(proof, lstat(from), trusted)) throw exchanged();
  try {
    renameSync(systemPath(from), systemPath(to));
  } catch (error) {
    // A share repeats a request whose answer was lost, and finds it done.
    if (exists(from) || !exists(to)) throw error;
  }
  return orGiveBack(move, () => {
    const moved = lstat(to);
    const { file } = proof;
    // Moving changes ctime.
    const isIt = moved.isFile() && moved.size === file.size && moved.mtimeNs === file.mtimeNs;
    if (!isIt || (trusted && !isSame(file, moved))) throw exchanged();
    return moved;
  });
}

function remove(moved: BigIntStats, move: Move, around: ActSurroundings): Reclaimed {
  const isLast = !around.trusted || moved.nlink === 1n;
  return orGiveBack(move, () => {
    // Kept open to see what its going does to its other names; over a network an open file would not quite go.
    using open = isLast ? null : openForReading(move.to);
    unlinkSync(systemPath(move.to));
    const { ctimeNs } = open === null ? moved : fstat(open.fd);
    return gone({ ctimeNs, nlink: moved.nlink }, around);
  });
}

/** At no moment does the name not exist. */
function replaceByLink(proof: ReclaimProof, { from, to }: Move, around: ActSurroundings): Reclaimed {
  linkSync(systemPath(around.archive.path(proof.task.entry.path)), systemPath(to));
  try {
    // It was linked by its name, which may be another file's by now.
    if (!isSame(proof.entry, lstat(to))) throw exchanged();
    const last = lstat(from);
    if (!isProven(proof, last, true)) throw exchanged();
    renameSync(systemPath(to), systemPath(from));
    const { mtimeNs, ctimeNs, dev, ino } = lstat(from);
    const now = { modified: mtimeNs as EpochNs, device: dev, inode: ino };
    return { ...gone({ ctimeNs, nlink: last.nlink }, around), now };
  } finally {
    // There if something failed, or if somebody has linked the two meanwhile: then renaming does nothing.
    rmSync(systemPath(to), { force: true });
  }
}

/** Does what follows the moving aside; whatever it throws, the file is at its place again. */
function orGiveBack<Result>(move: Move, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (exists(move.to)) giveBack(move);
    throw error;
  }
}

function giveBack({ from, to, aside }: Move): void {
  try {
    putBack(to, from);
  } catch (error) {
    const why = error instanceof Trouble ? error.message : (systemCode(error) ?? "");
    if (why === "") throw error;
    throw new Trouble("LEFT_ASIDE", `could not be given back (${why}): it lies at ${aside}`);
  }
}

function gone({ ctimeNs, nlink }: Pick<BigIntStats, "ctimeNs" | "nlink">, { trusted }: ActSurroundings): Reclaimed {
  return { kind: "reclaimed", changed: ctimeNs as EpochNs, names: trusted ? Number(nlink) : 1, now: null };
}

function exists(path: PathText): boolean {
  return lstatSync(systemPath(path), { throwIfNoEntry: false }) !== undefined;
}

function exchanged(): Trouble {
  return new Trouble("CHANGED_SINCE_SCAN", "changed or was exchanged after it was read");
}
