import { pathText } from "../model/path.ts";
import type { Skipped } from "./import.ts";

/** Why an entry was left out, in the plural, for people. A closed set: the list of reasons stays short. */
export type Reason =
  | "entries that are not understood"
  | "entries without a path"
  | "entries of another kind"
  | "entries with a field twice"
  | "paths that are not absolute"
  | 'paths with a ".." part'
  | "paths that no file can have"
  | "sizes that are no number of bytes"
  | "files that contradict their group"
  | "files listed twice in a group"
  | "folders"
  | "files without a duplicate"
  | "groups whose number of files is not the one written";

const longestExample = 200;

/** Counts what is left out. */
export class SkippedEntries {
  readonly #byReason = new Map<Reason, { count: number; readonly example: string | null }>();

  /** @param example Anything of the document: it is made harmless here. */
  add(reason: Reason, example: string | null = null, count = 1): void {
    const known = this.#byReason.get(reason);
    if (known === undefined)
      this.#byReason.set(reason, { count, example: example === null ? null : harmless(example) });
    else known.count += count;
  }

  list(): readonly Skipped[] {
    const all = [...this.#byReason].map(([reason, { count, example }]) => ({ reason, count, example }));
    return all.sort((a, b) => b.count - a.count);
  }
}

/** Cut, and with nothing in it that a terminal would obey. */
function harmless(text: string): string {
  const cut = text.length > longestExample ? `${text.slice(0, longestExample)}…` : text;
  return pathText(Buffer.from(cut)).replaceAll("\\x5c", "\\");
}
