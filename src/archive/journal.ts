import { type FileHandle, open } from "node:fs/promises";
import { systemCode } from "../model/errors.ts";
import type { SourceName } from "../model/file.ts";
import type { PathText } from "../model/path.ts";
import type { Archive } from "./archive.ts";
import { asArchiveError, asLostArchive } from "./errors.ts";
import { flushFolder } from "./flush-folder.ts";
import { chainStart, sealLine } from "./journal-line.ts";
import type { JournalDone, JournalEnd, JournalIntend, JournalRecord } from "./journal-records.ts";
import { inPrivateFolder } from "./private-folder.ts";

/** What the first line says of a run. */
export interface RunHeader {
  /** A file name: letters, digits, "-", "_", "."; never used before in this archive. */
  readonly run: string;
  /** "run", "relink", …: as a user calls it. */
  readonly command: string;
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly program: string;
  /** The run that this one takes back. */
  readonly undoes?: string;
  readonly sources: readonly { readonly name: SourceName; readonly root: PathText }[];
}

export function journalPath(root: PathText, run: string): PathText {
  return inPrivateFolder(root, "journal", `${run}.jsonl`);
}

/**
 * Begins the journal of a run; its first line is on the disk when this returns.
 *
 * @throws NodeJS.ErrnoException EEXIST if the run has one already
 * @throws AppError ARCHIVE_FULL, ARCHIVE_NOT_WRITABLE or ARCHIVE_LOST
 */
export async function beginJournal(archive: Archive, header: RunHeader): Promise<Journal> {
  if (!/^[\w-][\w.-]*$/.test(header.run)) throw new TypeError(`not a run id: ${JSON.stringify(header.run)}`);
  const file = await open(journalPath(archive.root, header.run), "ax", 0o644).catch((error: unknown) => {
    throw systemCode(error) === "EEXIST" ? error : asArchiveError(archive.root, error);
  });
  const journal = new Journal(file, archive.root);
  try {
    await journal.write({ do: "begin", format: 1, archive: archive.marker.id, ...header });
    await flushFolder(inPrivateFolder(archive.root, "journal"));
    return journal;
  } catch (error) {
    await journal[Symbol.asyncDispose]();
    throw asLostArchive(archive.root, error);
  }
}

/** A run's journal, open at its end. Lines written at the same time share one flush. */
export class Journal implements AsyncDisposable {
  readonly #file: FileHandle;
  readonly #root: PathText;
  #lines = 0;
  #sum = chainStart;
  #waiting = "";
  #flushing: Promise<void> | null = null;
  #next: Promise<void> | null = null;

  /** For {@link beginJournal}. */
  constructor(file: FileHandle, root: PathText) {
    this.#file = file;
    this.#root = root;
  }

  /**
   * Appends one line.
   *
   * @returns when it is on the disk
   * @throws AppError ARCHIVE_FULL or ARCHIVE_LOST: final, every later call fails as well. A failed flush is never
   *   repeated, since the system may say "done" the second time without having done it.
   */
  write(record: JournalRecord): Promise<void> {
    const line = sealLine({ n: this.#lines++, ...record }, this.#sum);
    this.#sum = line.sum;
    this.#waiting += line.text;
    this.#next ??= this.#flushAfter(this.#flushing);
    return this.#next;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled([this.#flushing, this.#next]);
    await this.#file.close().catch((error: unknown) => {
      throw asLostArchive(this.#root, error);
    });
  }

  async #flushAfter(earlier: Promise<void> | null): Promise<void> {
    // Also when nothing is under way: lines written in the same turn share this flush.
    await earlier;
    const text = this.#waiting;
    this.#waiting = "";
    this.#flushing = this.#next;
    this.#next = null;
    try {
      await this.#file.writeFile(text);
      await this.#file.datasync();
    } catch (error) {
      throw asLostArchive(this.#root, error);
    }
  }
}

/** What the executor needs of a journal. */
export type StepJournal = { write(record: JournalIntend | JournalDone | JournalEnd): Promise<void> };
