import { problemsOf } from "../inventory/problems.ts";
import { findRun, latestRuns, type Run } from "../inventory/runs.ts";
import { AppError, ExitCode } from "../model/errors.ts";
import type { Problem } from "../model/operation.ts";
import type { App } from "./context.ts";

export type { Run } from "../inventory/runs.ts";

/** The latest runs, newest first. */
export function history(app: App, limit: number): Promise<Run[]> {
  return latestRuns(app.db, limit);
}

/** @throws AppError NO_SUCH_RUN */
export async function historyOf(app: App, id: string): Promise<Run> {
  const run = await findRun(app.db, id);
  if (run !== null) return run;
  throw new AppError("NO_SUCH_RUN", ExitCode.usage, `there is no run ${id}, or its beginning fits several`, {
    hint: "onefold history lists the runs.",
  });
}

/** What went wrong in a run, in the order of the places. */
export function problemsOfRun(app: App, id: string): AsyncGenerator<Problem[]> {
  return problemsOf(app.db, id);
}
