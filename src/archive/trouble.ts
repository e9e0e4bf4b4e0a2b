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

/** "ENOENT: no such file or directory, open '/mnt/a'" → "no such file or directory (open)": the path stands elsewhere. */
function withoutPath(message: string): string {
  const [, what, call] = /^[A-Z0-9]+: ([^,]+), (\w+)/.exec(message) ?? [];
  return what === undefined || call === undefined ? message : `${what} (${call})`;
}
