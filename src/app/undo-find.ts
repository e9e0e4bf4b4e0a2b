import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { journalPath } from "../archive/journal.ts";
import { inPrivateFolder } from "../archive/private-folder.ts";
import { findRun } from "../inventory/runs.ts";
import { AppError, ExitCode, systemCode } from "../model/errors.ts";
import { type PathText, systemPath } from "../model/path.ts";
import type { App } from "./context.ts";
import { noSuchRun } from "./history.ts";
import { archiveTargetAt, type Target } from "./targets.ts";

/** A run that is to be taken back. */
export interface RunToUndo {
  readonly id: string;
  /** The archive that it changed, and its journal in there; null: it changed none. */
  readonly changed: { readonly archive: Target; readonly journal: PathText } | null;
}

/**
 * Finds a run by its id, or the beginning of it, and its journal: in the archive that is configured, else in the one
 * that the inventory says it worked on. An inventory that does not know the run is no hindrance.
 *
 * @throws AppError NO_SUCH_RUN; JOURNAL_UNREADABLE if its archive is not there; ROOT_NOT_FOUND, ARCHIVE_NOT_MOUNTED, …
 */
export async function findRunToUndo(app: App, asked: string): Promise<RunToUndo> {
  const run = await findRun(app.db, asked);
  const configured = app.config.archive.path;
  if (configured !== null) {
    const archive = await archiveTargetAt(app, configured);
    const id = run?.id ?? (await idIn(archive.root, asked));
    const journal = id === null ? null : journalPath(archive.root, id);
    if (id !== null && journal !== null && existsSync(systemPath(journal)))
      return { id, changed: { archive, journal } };
  }
  if (run === null) throw noSuchRun(asked);
  if (run.archive === null) return { id: run.id, changed: null };
  if (!existsSync(systemPath(run.archive))) throw archiveAway(run.id, run.archive);
  const journal = journalPath(run.archive, run.id);
  if (!existsSync(systemPath(journal))) return { id: run.id, changed: null };
  return { id: run.id, changed: { archive: await archiveTargetAt(app, run.archive), journal } };
}

async function idIn(root: PathText, asked: string): Promise<string | null> {
  const names = await readdir(systemPath(inPrivateFolder(root, "journal"))).catch((error: unknown) => {
    if (systemCode(error) === "ENOENT") return [];
    throw error;
  });
  const ids = names.filter((name) => name.endsWith(".jsonl")).map((name) => name.slice(0, -".jsonl".length));
  const found = ids.filter((id) => id.startsWith(asked));
  return found.find((id) => id === asked) ?? (found.length === 1 ? (found[0] ?? null) : null);
}

function archiveAway(id: string, archive: PathText): AppError {
  return new AppError("JOURNAL_UNREADABLE", ExitCode.unavailable, `the journal of ${id} cannot be read (ENOENT)`, {
    hint: `It lies in the archive ${archive}: mount its disk and try again, or name the archive with --archive.`,
  });
}
