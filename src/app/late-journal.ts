import type { Archive } from "../archive/archive.ts";
import { beginJournal, type Journal, type RunHeader } from "../archive/journal.ts";
import type { App } from "./context.ts";

/** Begun with the first change: a run that has nothing to do leaves no trace in the archive. */
export class LateJournal implements AsyncDisposable {
  readonly #begin: () => Promise<Journal>;
  #journal: Journal | null = null;

  constructor(app: App, archive: Archive, header: Omit<RunHeader, "at" | "program">) {
    this.#begin = () =>
      beginJournal(archive, { ...header, at: app.now().toISOString(), program: `onefold ${app.version}` });
  }

  async begun(): Promise<Journal> {
    this.#journal ??= await this.#begin();
    return this.#journal;
  }

  async end(status: string): Promise<void> {
    await this.#journal?.write({ do: "end", status });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#journal?.[Symbol.asyncDispose]();
  }
}
