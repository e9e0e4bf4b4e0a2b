import type { App } from "../app/context.ts";
import type { Outcome } from "../app/under-lock.ts";
import { ExitCode } from "../model/errors.ts";
import type { Problem } from "../model/operation.ts";
import { type SummaryParts, shownProblems, summaryLines } from "./summary.ts";
import type { Console } from "./terminal.ts";

/**
 * Prints what a command did, and gives the exit status for it.
 *
 * @param documentOf What `--json` prints of the summary, if not the summary itself.
 */
export async function finish(
  app: App,
  console: Console,
  outcome: Outcome<SummaryParts>,
  documentOf: (summary: Outcome<SummaryParts>["summary"]) => object = (summary) => summary,
): Promise<ExitCode> {
  const { summary, problems } = outcome;
  const most = console.json ? Number.POSITIVE_INFINITY : shownProblems;
  const listed = problems === 0 ? [] : await firstProblems(app, summary.run, most);
  if (console.json) await console.document({ ...documentOf(summary), problems: listed });
  else if (!console.quiet) for (const line of summaryLines(outcome, listed)) await console.line(line);
  if (outcome.alarms > 0) return ExitCode.integrity;
  if (outcome.lost > 0) return ExitCode.unavailable;
  return problems > 0 ? ExitCode.incomplete : ExitCode.ok;
}

async function firstProblems(app: App, run: string, limit: number): Promise<Problem[]> {
  // Not before: it would be loaded with the command, ahead of all that waits for the database to start.
  const { problemsOfRun } = await import("../app/history.ts");
  const listed: Problem[] = [];
  for await (const batch of problemsOfRun(app, run)) {
    listed.push(...batch);
    if (listed.length >= limit) break;
  }
  return listed.slice(0, limit);
}
