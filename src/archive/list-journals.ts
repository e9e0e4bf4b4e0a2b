import { readdir, stat } from "node:fs/promises";
import { AppError, systemCode } from "../model/errors.ts";
import { joinPath, type PathText, systemPath } from "../model/path.ts";
import { journalBegin } from "./journal-batches.ts";
import type { JournalBegin } from "./journal-records.ts";
import { inPrivateFolder } from "./private-folder.ts";

/** A journal in an archive. */
export interface ListedJournal {
  readonly path: PathText;
  readonly begin: JournalBegin;
  /** When it was last written to. */
  readonly writtenAt: Date;
}

/**
 * The journals of an archive in the order in which their runs began; those of runs that were killed before they could
 * say so are left out.
 *
 * @param onDamage Told of a journal whose first line is damaged; throws, or has it left out.
 */
export async function listJournals(root: PathText, onDamage: (error: AppError) => void): Promise<ListedJournal[]> {
  const folder = inPrivateFolder(root, "journal");
  const names = await readdir(systemPath(folder)).catch((error: unknown) => {
    if (systemCode(error) === "ENOENT") return [];
    throw error;
  });
  const journals: ListedJournal[] = [];
  for (const name of names.filter((one) => one.endsWith(".jsonl"))) {
    const path = joinPath(folder, name);
    try {
      const begin = await journalBegin(path);
      if (begin !== null) journals.push({ path, begin, writtenAt: (await stat(systemPath(path))).mtime });
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      onDamage(error);
    }
  }
  const order = ({ begin }: ListedJournal) => `${new Date(begin.at).toISOString()} ${begin.run}`;
  return journals.sort((a, b) => (order(a) < order(b) ? -1 : 1));
}
