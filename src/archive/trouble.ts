import { systemCode, systemMessage } from "../model/errors.ts";
import { isOfWholeSource } from "../model/source-trouble.ts";

/** Why one file could not be copied or placed; the others go on. */
export interface Failure {
  readonly kind: "failed";
  /** The system's code ("EACCES") or one of ours ("CHANGED_WHILE_READ"). */
  readonly code: string;
  readonly message: string;
  /** The archive's disk failed on it, not the source's. */
  readonly ofArchive?: true;
}

/** The archive as a whole cannot be written any more: full, read-only, unplugged. */
export interface Stop {
  readonly kind: "stop";
  readonly code: string;
  readonly message: string;
}

/** Thrown inside a thread's step and turned into a {@link Failure} where the step ends. */
export class Trouble extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** Thrown where a failure is the archive's, whatever its code: another file would fare no better. */
export class ArchiveTrouble extends Error {}

/** Thrown where a failure is the archive's, but perhaps of this one file only. */
export class OwnTrouble extends Error {}

/** The run was told to stop while this file was in hand. */
export class Aborted extends Error {}

/** Only writing can meet these, so they are the archive's. */
const archiveCodes = new Set(["ENOSPC", "EDQUOT", "EROFS"]);

/** What is done to open files of the archive only; sources are opened, read and closed. */
const archiveCalls = new Set(["write", "fsync", "fdatasync", "fchmod", "futime", "futimes", "ftruncate", "unlink"]);

/**
 * What a thrown error means for the file in hand.
 *
 * @throws the error itself if it is a bug
 */
export function failureOf(error: unknown): Failure | Stop {
  if (error instanceof Trouble) return { kind: "failed", code: error.code, message: error.message };
  const cause = error instanceof ArchiveTrouble || error instanceof OwnTrouble ? error.cause : error;
  const code = systemCode(cause);
  if (code === null || !(cause instanceof Error)) throw error;
  const message = withoutPath(systemMessage(cause));
  const isOurs = error instanceof OwnTrouble || ("syscall" in cause && archiveCalls.has(String(cause.syscall)));
  const isStop = error instanceof ArchiveTrouble || archiveCodes.has(code) || (isOurs && isOfWholeSource(code));
  if (isStop) return { kind: "stop", code, message };
  return { kind: "failed", code, message, ...(isOurs ? { ofArchive: true } : {}) };
}

/**
 * The same where names of the archive alone are changed: a code that tells of a lost disk is then the archive's.
 *
 * @throws the error itself if it is a bug
 */
export function failureInArchive(error: unknown): Failure | Stop {
  return failureOf(isArchiveGone(error) ? new ArchiveTrouble("the archive is gone", { cause: error }) : error);
}

/** What a disk says that is gone. */
const goneCodes = new Set(["EIO", "ESTALE", "ENOTCONN", "ENODEV", "ENXIO", "ESHUTDOWN", "EHOSTDOWN", "ETIMEDOUT"]);

/** One file of it may be unreadable by itself. */
function isArchiveGone(error: unknown): boolean {
  const isReading = error instanceof Error && "syscall" in error && error.syscall === "read";
  return goneCodes.has(systemCode(error) ?? "") && !isReading;
}

/** A failure after which nothing more is to be tried, whatever its code. @throws the error itself if it is a bug */
export function asStop(error: unknown): Stop {
  const { code, message } = failureOf(error);
  return { kind: "stop", code, message };
}

/**
 * Carries out the flush that ends a batch.
 *
 * @returns Why nothing of the batch may count as done; null: all its names are on the disk for good.
 * @throws what is a bug
 */
export function flushed(flush: () => void): Stop | null {
  try {
    flush();
    return null;
  } catch (error) {
    return asStop(error);
  }
}

/** "ENOENT: no such file or directory, open '/mnt/a'" → "no such file or directory (open)": the path stands elsewhere. */
function withoutPath(message: string): string {
  const [, what, call] = /^[A-Z0-9]+: ([^,]+), (\w+)/.exec(message) ?? [];
  return what === undefined || call === undefined ? message : `${what} (${call})`;
}
