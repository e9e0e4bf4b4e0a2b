import { Command } from "@commander-js/extra-typings";
import { history, historyOf, problemsOfRun, type Run } from "../app/history.ts";
import { ExitCode } from "../model/errors.ts";
import { formatDuration, formatNumberOf } from "../model/units.ts";
import type { Workbench } from "./command.ts";
import { countOption, exitStatus, withGlobalOptions } from "./options.ts";

/** `onefold history`: runs, and what one of them could not do. */
export function historyCommand({ withApp }: Workbench) {
  return withGlobalOptions(new Command("history"))
    .summary("runs, and one run's problems")
    .argument("[run]", "id of a run, or its beginning")
    .option("--limit <n>", "so many runs", countOption, 20)
    .addHelpText("after", exitStatus({ 0: "printed", 2: "there is no such run" }))
    .action((id, options) =>
      withApp(options, async (app, console) => {
        const runs = id === undefined ? await history(app, options.limit) : [await historyOf(app, id)];
        for (const run of runs) {
          if (console.json) await console.document(run);
          else await console.line(runLine(run));
        }
        const [run] = runs;
        if (id === undefined || run === undefined) return ExitCode.ok;
        for await (const batch of problemsOfRun(app, run.id)) {
          for (const problem of batch) {
            const { source, path, code, message } = problem;
            if (console.json) await console.document(problem);
            else await console.line(`  ${source}: ${path === "" ? "." : path}: ${message} [${code}]`);
          }
        }
        return ExitCode.ok;
      }),
    );
}

/** "20261123-091502-3fa2  run          complete     3 min 5 s  2 problems". */
export function runLine({ id, command, status, startedAt, endedAt, problems }: Run): string {
  const took = endedAt === null ? "" : formatDuration((endedAt.getTime() - startedAt.getTime()) / 1000);
  const trouble = problems === 0 ? "" : `  ${formatNumberOf(problems, "problem")}`;
  return `${id}  ${command.padEnd(12)} ${status.padEnd(12)} ${took}${trouble}`.trimEnd();
}
