import { existsSync } from "node:fs";
import { journalPath } from "../archive/journal.ts";
import type { JournalRecord, JournalTorn } from "../archive/journal-records.ts";
import { readJournal } from "../archive/read-journal.ts";
import { problemsOf } from "../inventory/problems.ts";
import { findRun, latestRuns, type Run } from "../inventory/runs.ts";
import { AppError, ExitCode, systemCode } from "../model/errors.ts";
import type { Problem } from "../model/operation.ts";
import { systemPath } from "../model/path.ts";
import type { App } from "./context.ts";

export type { Run } from "../inventory/runs.ts";
export type Journaled = JournalRecord | JournalTorn;

/** The latest runs, newest first. */
export function history(app: App, limit: number): Promise<Run[]> {
  return latestRuns(app.db, limit);
}

/** @throws AppError NO_SUCH_RUN */
export async function historyOf(app: App, id: string): Promise<Run> {
  const run = await findRun(app.db, id);
  if (run !== null) return run;
  throw noSuchRun(id);
}

export function noSuchRun(id: string): AppError {
  return new AppError("NO_SUCH_RUN", ExitCode.usage, `there is no run ${id}, or its beginning fits several`, {
    hint: "onefold history lists the runs.",
  });
}

/**
 * What a run did to the archive, in order: its journal, which lies there. Nothing for a run that changed none.
 *
 * @throws AppError JOURNAL_UNREADABLE if the archive is not there; JOURNAL_DAMAGED
 */
export async function* journalOfRun({ id, archive }: Run): AsyncGenerator<Journaled> {
  if (archive === null) return;
  try {
    yield* readJournal(journalPath(archive, id));
  } catch (error) {
    const code = systemCode(error);
    if (code === null) throw error;
    if (code === "ENOENT" && existsSync(systemPath(archive))) return;
    throw new AppError("JOURNAL_UNREADABLE", ExitCode.unavailable, `the journal of ${id} cannot be read (${code})`, {
      hint: `It lies in the archive ${archive}: mount its disk and try again.`,
      cause: error,
    });
  }
}

/** What went wrong in a run, in the order of the places. */
export function problemsOfRun(app: App, id: string): AsyncGenerator<Problem[]> {
  return problemsOf(app.db, id);
}
