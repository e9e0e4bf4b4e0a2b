import { type BigIntStats, closeSync, fchmodSync, fstatSync, fsyncSync, openSync, unlinkSync } from "node:fs";
import { closeQuietly } from "../disk/close-quietly.ts";
import type { OpenFolders } from "../disk/open-folders.ts";
import { sameVersion } from "../disk/same-version.ts";
import { systemCode } from "../model/errors.ts";
import type { Hash } from "../model/file.ts";
import { type PathText, systemPath } from "../model/path.ts";
import type { EpochNs } from "../model/time.ts";
import { setModified } from "./file-time.ts";
import { Fingerprints } from "./fingerprints.ts";
import { holds, openForReading, readPieces } from "./read-file.ts";
import { ArchiveTrouble, Trouble } from "./trouble.ts";
import { asAllowed, writeAll } from "./write-file.ts";

/** One file to bring into `.onefold/tmp`. */
export interface CopyTask {
  /** Absolute. */
  readonly source: PathText;
  /** As the inventory knows it. */
  readonly size: number;
  readonly modified: EpochNs;
  /** null: not known; the copy tells. */
  readonly hash: Hash | null;
  /** Absolute path that nothing stands at yet. */
  readonly temporary: PathText;
}

/** The folders that files are copied from and to. */
export interface CopyFolders {
  readonly sources: OpenFolders;
  readonly archive: OpenFolders;
}

/** How the source looked while it was read. */
export interface Seen {
  readonly size: number;
  readonly modified: EpochNs;
  readonly changed: EpochNs;
}

/** What reading a source told. */
export interface Read {
  readonly hash: Hash;
  /** See src/model/fingerprint.ts; null for a short file. */
  readonly head: string | null;
  readonly seen: Seen;
}

/** A temporary file that is written, but not flushed. */
export interface Written extends Read {
  readonly fd: number;
}

/** What copying needs of its thread. */
export interface Around {
  readonly folders: CopyFolders;
  readonly pace: Pace;
}

/** Called between chunks. */
export interface Pace {
  /** May throw `Aborted`. */
  pause(): void;
  /** Bytes just read from the source. */
  counted(bytes: number): void;
}

/**
 * Reads a source file once, and writes it to its temporary name as it passes.
 *
 * The temporary file is left open for {@link flushTemporary}; when this throws, it is gone.
 *
 * @throws Trouble CHANGED_SINCE_SCAN, CHANGED_WHILE_READ, CONTENT_CHANGED, NOT_A_FILE
 * @throws ArchiveTrouble if no temporary file can be made
 * @throws NodeJS.ErrnoException EIO, ENOENT, EACCES, … from either side; ENOSPC, EDQUOT, EROFS from the archive
 */
export function writeTemporary(task: CopyTask, fileMode: number, { folders, pace }: Around): Written {
  using source = openForReading(folders.sources.path(task.source));
  const before = fstatSync(source.fd, { bigint: true });
  if (Number(before.size) !== task.size || before.mtimeNs !== task.modified) {
    throw new Trouble("CHANGED_SINCE_SCAN", "changed since it was scanned; the next run will take it as it is now");
  }
  const fd = createTemporary(task.temporary, folders.archive);
  try {
    const fingerprints = copyPieces(source.fd, fd, task.size, pace);
    if (fingerprints === null || !sameVersion(before, fstatSync(source.fd, { bigint: true }))) {
      throw new Trouble("CHANGED_WHILE_READ", "changed while it was read");
    }
    const read = { ...fingerprints.finish(), seen: seenOf(before) };
    if (task.hash !== null && read.hash !== task.hash) throw suspectedRot(task.hash, read.hash);
    asAllowed(() => fchmodSync(fd, fileMode));
    setModified(fd, task.modified);
    return { ...read, fd };
  } catch (error) {
    closeQuietly(fd);
    unlinkSync(systemPath(folders.archive.path(task.temporary)));
    throw error;
  }
}

/** Puts a temporary file on the disk for good. A failure is final: it must be thrown away, never flushed again. */
export function flushTemporary({ fd }: Written): void {
  try {
    fsyncSync(fd);
  } catch (error) {
    closeQuietly(fd);
    throw error;
  }
  // NFS and SMB may report only here that something was not written.
  closeSync(fd);
}

/** Reads a flushed temporary file back. */
export function checkTemporary(
  temporary: PathText,
  content: { readonly size: number; readonly hash: Hash },
  { pause }: Pick<Pace, "pause">,
): void {
  using file = openForReading(temporary);
  if (!holds(file.fd, content, pause)) {
    throw new Trouble(
      "WRITTEN_WRONG",
      "what was written reads back differently: suspect the archive's disk, or memory",
    );
  }
}

/** 0600 until it is complete, since what it will hold may be private. */
function createTemporary(path: PathText, archive: OpenFolders): number {
  try {
    return openSync(systemPath(archive.path(path)), "wx", 0o600);
  } catch (cause) {
    // Too many open files is our own doing, and passes.
    if (["EMFILE", "ENFILE"].includes(systemCode(cause) ?? "")) throw cause;
    throw new ArchiveTrouble("no temporary file can be made", { cause });
  }
}

/** null if the source ends before `size`. */
function copyPieces(from: number, to: number, size: number, pace: Pace): Fingerprints | null {
  const fingerprints = new Fingerprints(size);
  const bytes = readPieces(from, size, (piece, at) => {
    pace.counted(piece.length);
    pace.pause();
    fingerprints.pass(piece, at);
    writeAll(to, piece);
  });
  return bytes === size ? fingerprints : null;
}

function seenOf(stats: BigIntStats): Seen {
  return { size: Number(stats.size), modified: stats.mtimeNs as EpochNs, changed: stats.ctimeNs as EpochNs };
}

/** Size and time are as recorded, the bytes are not: nobody wrote to the file, something else changed it. */
function suspectedRot(expected: Hash, actual: Hash): Trouble {
  const what = `its content is not what was recorded (${expected.slice(0, 8)}… became ${actual.slice(0, 8)}…)`;
  return new Trouble("CONTENT_CHANGED", `${what}, though its size and time are: suspect its disk, cable or memory`);
}
