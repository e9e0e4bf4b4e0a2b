import type { Archive } from "./archive.ts";
import { beginJournal, type Journal, type RunHeader } from "./journal.ts";

/** A journal that is begun with the first change: a run that has nothing to do leaves no trace in the archive. */
export class LateJournal implements AsyncDisposable {
  readonly #archive: Archive;
  readonly #header: RunHeader;
  #journal: Promise<Journal> | null = null;

  constructor(archive: Archive, header: RunHeader) {
    this.#archive = archive;
    this.#header = header;
  }

  /** The same for all who ask. @throws as `beginJournal` does */
  begun(): Promise<Journal> {
    this.#journal ??= beginJournal(this.#archive, this.#header);
    return this.#journal;
  }

  async end(status: string): Promise<void> {
    if (this.#journal !== null) await (await this.#journal).write({ do: "end", status });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // One that could not be begun was told to whoever asked for it.
    const journal = await this.#journal?.catch(() => null);
    await journal?.[Symbol.asyncDispose]();
  }
}
