import { Command } from "@commander-js/extra-typings";
import type { App } from "../app/context.ts";
import { history, historyOf, type Journaled, journalOfRun, problemsOfRun, type Run } from "../app/history.ts";
import { ExitCode } from "../model/errors.ts";
import { formatDuration, formatNumberOf } from "../model/units.ts";
import type { Workbench } from "./command.ts";
import { countOption, exitStatus, withGlobalOptions } from "./options.ts";
import type { Console } from "./terminal.ts";

/** `onefold history`: runs; what one of them did, file by file, and what it could not do. */
export function historyCommand({ withApp }: Workbench) {
  return withGlobalOptions(new Command("history"))
    .summary("runs, and one run's journal")
    .description("Lists the latest runs; of one run, every file that it placed and every problem that it met.")
    .argument("[run]", "id of a run, or its beginning")
    .option("--limit <n>", "so many runs", countOption, 20)
    .addHelpText("after", exitStatus({ 0: "printed", 2: "there is no such run", 5: "its archive is not there" }))
    .action((id, options) =>
      withApp(options, async (app, console) => {
        if (id === undefined) for (const run of await history(app, options.limit)) await showRun(console, run);
        else await showWhole(app, console, await historyOf(app, id));
        return ExitCode.ok;
      }),
    );
}

function showRun(console: Console, run: Run): Promise<void> {
  return console.json ? console.document(run) : console.line(runLine(run));
}

async function showWhole(app: App, console: Console, run: Run): Promise<void> {
  await showRun(console, run);
  for await (const record of journalOfRun(run)) {
    if (app.signal.aborted || console.unheard) return;
    if (console.json) await console.document(record);
    else for (const line of journalLines(record)) await console.line(line);
  }
  for await (const batch of problemsOfRun(app, run.id)) {
    for (const problem of batch) {
      const { source, path, code, message } = problem;
      if (console.json) await console.document(problem);
      else await console.line(`  ${source}: ${path === "" ? "." : path}: ${message} [${code}]`);
    }
  }
}

type Result = Extract<Journaled, { readonly do: "done" }>["results"][number];

/** What was done; intentions are left out, and failures are listed as problems. */
function journalLines(record: Journaled): string[] {
  if (record.do === "torn") return ["  The journal ends in the middle of a line: the run was killed."];
  if (record.do !== "done") return [];
  return record.results.flatMap((result) => {
    if ("do" in result) return sourceLines(result);
    if ("names" in result) return result.outcome === "repaired" ? [`  repaired ${result.to}`] : [];
    if (!("from" in result)) {
      const done = { relinked: "linked", removed: "removed", separated: "separated" }[result.outcome as string];
      return done === undefined ? [] : [`  ${done} ${result.to}`];
    }
    const { outcome, from, to } = result;
    const did = { copied: "copied", linked: "linked", alreadyThere: "found" }[outcome as string];
    return did === undefined || to === undefined ? [] : [`  ${did.padEnd(6)} ${from.source}: ${from.path} -> ${to}`];
  });
}

function sourceLines(result: Extract<Result, { readonly do: unknown }>): string[] {
  const { outcome, from } = result;
  const place = `${from.source}: ${from.path}`;
  if (outcome === "restored") return [`  restored ${place}`];
  if (result.do === "restore" || outcome !== "reclaimed") return [];
  const did = { quarantine: "quarantined", delete: "deleted", "hard-link": "hard-linked" }[result.how];
  return [`  ${did} ${place}  (archive: ${result.existing})`];
}

/** "20261123-091502-3fa2  run          complete     3 min 5 s  2 problems". */
export function runLine({ id, command, status, startedAt, endedAt, problems }: Run): string {
  const took = endedAt === null ? "" : formatDuration((endedAt.getTime() - startedAt.getTime()) / 1000);
  const trouble = problems === 0 ? "" : `  ${formatNumberOf(problems, "problem")}`;
  return `${id}  ${command.padEnd(12)} ${status.padEnd(12)} ${took}${trouble}`.trimEnd();
}
