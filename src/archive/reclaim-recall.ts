import { type BigIntStats, unlinkSync } from "node:fs";
import { systemCode } from "../model/errors.ts";
import type { SourceName } from "../model/file.ts";
import { folderOf, type PathText, systemPath } from "../model/path.ts";
import { journalPath } from "./journal.ts";
import type { PinnedFolders } from "./pinned-folder.ts";
import { isSame } from "./place-file.ts";
import { putBack } from "./put-back.ts";
import { readJournal } from "./read-journal.ts";
import type { IntendedReclaim } from "./reclaim-records.ts";
import { Trouble } from "./trouble.ts";

/**
 * What a run meant to take from a source, a batch at a time, done or not. Reads the journal once and changes nothing.
 *
 * @throws AppError JOURNAL_DAMAGED
 */
export async function* intendedReclaims(
  archive: PathText,
  run: string,
  source: SourceName,
): AsyncGenerator<IntendedReclaim[], void, undefined> {
  try {
    for await (const record of readJournal(journalPath(archive, run))) {
      // That of another source, as its first line tells.
      if (record.do === "begin" && !record.sources.some(({ name }) => name === source)) return;
      if (record.do !== "intend") continue;
      const operations = record.operations.flatMap((one) => (one.do === "reclaim" ? [one] : []));
      const ours = operations.filter(({ from }) => from.source === source);
      if (ours.length > 0) yield ours;
    }
  } catch (error) {
    // It had nothing to do yet.
    if (systemCode(error) !== "ENOENT") throw error;
  }
}

/** What has become of a file that a killed run meant to take. */
export type Recalled =
  | { readonly kind: "gone" }
  | { readonly kind: "linked"; readonly stats: BigIntStats }
  /** It is at its place, or only the next scan can tell. */
  | { readonly kind: "there" };

/**
 * Looks where a file is that a killed run meant to take.
 *
 * @param mayChange One that was caught on its way out, in `.onefold/tmp` of the source, is put back to its place; for
 *   those alone that may write to a source.
 */
export function recallReclaim(
  operation: IntendedReclaim,
  { source, archive }: { readonly source: PinnedFolders; readonly archive: PinnedFolders },
  mayChange: boolean,
): Recalled {
  try {
    const { how, from, aside, existing } = operation;
    const place = source.look(from.path);
    const lying = source.look(aside);
    if (how === "quarantine") return { kind: place === null && lying !== null ? "gone" : "there" };
    if (how === "delete") {
      if (place !== null || !isFolder(source, folderOf(from.path))) return { kind: "there" };
      if (lying === null) return { kind: "gone" };
      if (mayChange) putBack(source.path(aside), source.path(from.path));
      return { kind: "there" };
    }
    const entry = archive.look(existing);
    if (entry === null) return { kind: "there" };
    if (mayChange && lying !== null && isSame(entry, lying)) unlinkSync(systemPath(source.path(aside)));
    return place !== null && isSame(entry, place) ? { kind: "linked", stats: place } : { kind: "there" };
  } catch (error) {
    if (!(error instanceof Trouble) && systemCode(error) === null) throw error;
    return { kind: "there" };
  }
}

function isFolder(folders: PinnedFolders, folder: PathText): boolean {
  return folders.look(folder === "" ? (".onefold" as PathText) : folder) !== null;
}
