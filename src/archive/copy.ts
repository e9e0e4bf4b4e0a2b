import { unlinkSync } from "node:fs";
import { closeQuietly } from "../disk/close-quietly.ts";
import { systemCode } from "../model/errors.ts";
import { systemPath } from "../model/path.ts";
import { beat } from "../threads/heart.ts";
import {
  type Around,
  type CopyFolders,
  type CopyTask,
  checkTemporary,
  flushTemporary,
  type Read,
  type Written,
  writeTemporary,
} from "./copy-file.ts";
import { Aborted, type Failure, failureOf, OwnTrouble, type Stop, Trouble } from "./trouble.ts";

/** A temporary file that is complete, flushed and read back. */
export interface Copied extends Read {
  readonly kind: "copied";
}

/** `bytesRead` counts what was read from the source, all attempts together; never what was read back. */
export type CopyResult = (Copied | Ended) & { readonly bytesRead: number };

type Ended = Failure | Stop | { readonly kind: "aborted" };

/** One file on its way into `.onefold/tmp`; each step does nothing once an earlier one has failed. */
export class Copy {
  readonly #task: CopyTask;
  readonly #fileMode: number;
  readonly #around: Around;
  #written: Written | null = null;
  #open = false;
  #attempts = 0;
  #bytesRead = 0;
  #firstTrouble: Failure | Stop | null = null;
  /** Set when the file will not be copied; its temporary file is gone then. */
  ended: Ended | null = null;

  constructor(task: CopyTask, fileMode: number, { folders, pause }: { folders: CopyFolders; pause: () => void }) {
    this.#task = task;
    this.#fileMode = fileMode;
    const counted = (bytes: number) => {
      beat();
      this.#bytesRead += bytes;
    };
    this.#around = { folders, pace: { pause, counted } };
  }

  /** @returns false if this process has too many files open: flush others, then call it again (it counts as an attempt) */
  write(): boolean {
    const first = this.#attempts === 0;
    this.#attempt(() => this.#makeWritten());
    const full = this.ended?.kind === "failed" && ["EMFILE", "ENFILE"].includes(this.ended.code);
    if (full && first) this.ended = null;
    return !(full && first);
  }

  /** Also closes. A failed flush is never repeated: the copy begins again from the source. */
  flush(): void {
    if (this.#attempts === 0) return;
    this.#attempt(() => {
      beat(true);
      this.#around.pace.pause();
      this.#makeFlushed();
    });
  }

  check(): void {
    this.#attempt(() => {
      const flushed = this.#makeFlushed();
      beat(true);
      const { folders, pace } = this.#around;
      checking(() => checkTemporary(folders.archive.path(this.#task.temporary), flushed, pace));
    });
  }

  abandon(): void {
    this.#discard();
    this.ended ??= { kind: "aborted" };
  }

  result(): CopyResult {
    const bytesRead = this.#bytesRead;
    if (this.ended !== null) return { ...this.ended, bytesRead };
    if (this.#written === null) throw new Error("a copy that neither ended nor was written");
    const { hash, head, seen } = this.#written;
    return { kind: "copied", hash, head, seen, bytesRead };
  }

  #makeWritten(): Written {
    if (this.#written !== null) return this.#written;
    this.#attempts += 1;
    beat();
    this.#written = writeTemporary(this.#task, this.#fileMode, this.#around);
    this.#open = true;
    return this.#written;
  }

  #makeFlushed(): Written & { readonly size: number } {
    const written = this.#makeWritten();
    if (this.#open) {
      // Closed even when it fails.
      this.#open = false;
      beat(true);
      flushTemporary(written);
    }
    return { ...written, size: this.#task.size };
  }

  /** Does a step; after passing trouble once more, from the source. */
  #attempt(step: () => void): void {
    while (this.ended === null) {
      try {
        step();
        return;
      } catch (error) {
        this.#discard();
        if (error instanceof Aborted) this.ended = { kind: "aborted" };
        else if (this.#attempts > 1 || !isWorthRetrying(error)) this.ended = this.#why(error);
        else this.#firstTrouble = failureOf(error);
      }
    }
  }

  /** A file that somebody writes to fails twice: it changed while we read it, and is not what was scanned any more. */
  #why(error: unknown): Failure | Stop {
    const failure = failureOf(error);
    return failure.code === "CHANGED_SINCE_SCAN" ? (this.#firstTrouble ?? failure) : failure;
  }

  #discard(): void {
    if (this.#written === null) return;
    if (this.#open) closeQuietly(this.#written.fd);
    this.#open = false;
    this.#written = null;
    unlinkSync(systemPath(this.#around.folders.archive.path(this.#task.temporary)));
  }
}

/** What cannot be read back is the archive's trouble. */
function checking(check: () => void): void {
  try {
    check();
  } catch (cause) {
    if (cause instanceof Aborted || cause instanceof Trouble || systemCode(cause) === null) throw cause;
    throw new OwnTrouble("reading back failed", { cause });
  }
}

/** Passing trouble of a disk or a share, and a file that somebody was just writing to. */
function isWorthRetrying(error: unknown): boolean {
  if (error instanceof Trouble) return error.code === "CHANGED_WHILE_READ";
  const cause = error instanceof OwnTrouble ? error.cause : error;
  return ["EIO", "EINTR", "EAGAIN", "ESTALE", "ETIMEDOUT", "EREMOTEIO"].includes(systemCode(cause) ?? "");
}
