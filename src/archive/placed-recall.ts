import { lstat, open } from "node:fs/promises";
import { Blake3Hasher } from "@napi-rs/blake-hash";
import { unfollowed } from "../disk/open-file.ts";
import { sameVersion } from "../disk/same-version.ts";
import { systemCode } from "../model/errors.ts";
import { type Hash, toHash } from "../model/file.ts";
import type { ArchivedFile } from "../model/operation.ts";
import { joinPath, type PathText, systemPath } from "../model/path.ts";
import type { EpochNs } from "../model/time.ts";
import { archivedAs } from "./place-file.ts";

/** A file as a journal says that it was left. */
export interface LeftFile {
  readonly path: PathText;
  readonly size: number;
  readonly modified: EpochNs;
  /** null: inode numbers mean nothing there. */
  readonly inode: bigint | null;
}

/** The file as it stands, if it is as it was left; else null. Reads nothing. @param root Of the archive. */
export async function asItWasLeft(root: PathText, left: LeftFile): Promise<ArchivedFile | null> {
  const found = await lookAt(joinPath(root, left.path));
  if (found === null || !found.isFile() || Number(found.size) !== left.size) return null;
  if (found.mtimeNs !== left.modified || (left.inode !== null && found.ino !== left.inode)) return null;
  return archivedAs(left.path, found);
}

/** A copy that a killed run meant to place. */
export interface IntendedFile extends Omit<LeftFile, "inode"> {
  /** null: nobody had read it. */
  readonly hash: Hash | null;
}

/**
 * Whether a copy that a killed run meant to place stands there: by size and time, and then by reading all of it, since
 * another file may have had the name before. That it is on the disk for good is not certain.
 *
 * @returns What stands there; null if it is another file, or none, or cannot be read.
 */
export async function asItWasMeant(
  root: PathText,
  { path, size, modified, hash }: IntendedFile,
  signal: AbortSignal,
): Promise<{ readonly archived: ArchivedFile; readonly hash: Hash } | null> {
  const absolute = joinPath(root, path);
  const found = await lookAt(absolute);
  if (found === null || !found.isFile() || Number(found.size) !== size) return null;
  if (found.mtimeNs / 1_000n !== modified / 1_000n) return null;
  try {
    const read = await readWhole(absolute, signal);
    const now = await lookAt(absolute);
    if (read === null || now === null || now.ino !== found.ino || !sameVersion(found, now)) return null;
    if (hash !== null && read !== hash) return null;
    return { archived: archivedAs(path, now), hash: read };
  } catch (error) {
    // Whatever is the matter with it, the next scan will see.
    if (systemCode(error) === null) throw error;
    return null;
  }
}

async function readWhole(path: PathText, signal: AbortSignal): Promise<Hash | null> {
  await using file = await open(systemPath(path), unfollowed);
  if (!(await file.stat()).isFile()) return null;
  const hasher = new Blake3Hasher();
  const piece = Buffer.allocUnsafe(1 << 20);
  while (!signal.aborted) {
    const { bytesRead } = await file.read(piece, 0, piece.length, null);
    if (bytesRead === 0) return toHash(hasher.digest("hex"));
    hasher.update(piece.subarray(0, bytesRead));
  }
  return null;
}

async function lookAt(path: PathText) {
  return lstat(systemPath(path), { bigint: true }).catch((error: unknown) => {
    if (systemCode(error) === null) throw error;
    return null;
  });
}
