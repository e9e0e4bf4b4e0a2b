import type { Archive } from "../archive/archive.ts";
import { beginJournal, type Journal, type RunHeader } from "../archive/journal.ts";
import type { App } from "./context.ts";

/** A journal that is begun with the first change: a run that has nothing to do leaves no trace in the archive. */
export class LateJournal implements AsyncDisposable {
  readonly #begin: () => Promise<Journal>;
  #journal: Promise<Journal> | null = null;

  constructor(app: App, archive: Archive, header: Omit<RunHeader, "at" | "program">) {
    this.#begin = () =>
      beginJournal(archive, { ...header, at: app.now().toISOString(), program: `onefold ${app.version}` });
  }

  /** The same for all who ask. @throws as `beginJournal` does */
  begun(): Promise<Journal> {
    this.#journal ??= this.#begin();
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
