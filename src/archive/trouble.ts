import { systemCode, systemMessage } from "../model/errors.ts";

/** Why one file could not be copied or placed; the others go on. */
export interface Failure {
  readonly kind: "failed";
  /** The system's code ("EACCES") or one of ours ("CHANGED_WHILE_READ"). */
  readonly code: string;
  readonly message: string;
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

/** The run was told to stop while this file was in hand. */
export class Aborted extends Error {}

/** Only writing can meet these, so they are the archive's. */
const archiveCodes = new Set(["ENOSPC", "EDQUOT", "EROFS"]);

/**
 * What a thrown error means for the file in hand.
 *
 * @throws the error itself if it is a bug
 */
export function failureOf(error: unknown): Failure | Stop {
  if (error instanceof Trouble) return { kind: "failed", code: error.code, message: error.message };
  const cause = error instanceof ArchiveTrouble ? error.cause : error;
  const code = systemCode(cause);
  if (code === null || !(cause instanceof Error)) throw error;
  const kind = error instanceof ArchiveTrouble || archiveCodes.has(code) ? "stop" : "failed";
  return { kind, code, message: withoutPath(systemMessage(cause)) };
}

/** "ENOENT: no such file or directory, open '/mnt/a'" → "no such file or directory (open)": the path stands elsewhere. */
function withoutPath(message: string): string {
  const [, what, call] = /^[A-Z0-9]+: ([^,]+), (\w+)/.exec(message) ?? [];
  return what === undefined || call === undefined ? message : `${what} (${call})`;
}
