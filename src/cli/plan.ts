import { Command } from "@commander-js/extra-typings";
import type { App } from "../app/context.ts";
import type { Plan } from "../app/plan.ts";
import { ExitCode } from "../model/errors.ts";
import type { Operation } from "../model/operation.ts";
import { formatBytes, formatNumberOf } from "../model/units.ts";
import type { Workbench } from "./command.ts";
import { exitStatus, withGlobalOptions } from "./options.ts";
import { roomLine } from "./summary.ts";
import type { Console } from "./terminal.ts";

/** `onefold plan`: shows what consolidate would do. */
export function planCommand({ withDisks }: Workbench) {
  return withGlobalOptions(new Command("plan"))
    .summary("show what consolidate would do, and why")
    .description("Prints the operations that bring the archive up to date with the inventory. Changes nothing.")
    .addHelpText("after", exitStatus({ 0: "the plan is printed", 3: "printed, but some files could not be read" }))
    .action((options) =>
      withDisks(
        options,
        () => import("../app/run.ts"),
        async (app, console, { planCommand: makePlan }) => {
          const { problems, lost } = await makePlan(app, (plan, operations) => show(app, console, plan, operations));
          if (lost > 0) return ExitCode.unavailable;
          return problems > 0 ? ExitCode.incomplete : ExitCode.ok;
        },
      ),
    );
}

async function show(
  app: App,
  console: Console,
  plan: Plan,
  operations: AsyncIterable<readonly Operation[]>,
): Promise<void> {
  for await (const batch of operations) {
    if (app.signal.aborted || console.unheard) return;
    if (console.json) await console.documents(batch.map(documentOf));
    else await console.lines(batch.filter(({ do: what }) => what !== "skip" || console.verbose).map(lineOf));
  }
  if (console.json || console.quiet) return;
  const { copyFiles, copyBytes, linkFiles, alreadyArchived } = plan.totals;
  const copies = `${formatNumberOf(copyFiles, "file")} to copy (${formatBytes(copyBytes)})`;
  await console.line(
    `${copies}, ${formatNumberOf(linkFiles, "name")} to link, ${formatNumberOf(alreadyArchived, "file")} already archived`,
  );
  await console.line(roomLine(plan.totals.copyBytes, plan.room));
}

function documentOf(operation: Operation): object {
  const { from, hash, because } = operation;
  return {
    do: operation.do,
    ...(hash === null ? {} : { hash }),
    size: from.size,
    from: { source: from.source, path: from.path },
    ...(operation.to === null ? {} : { to: operation.to }),
    because,
    ...(operation.do === "copy" && operation.captured !== undefined ? { captured: operation.captured } : {}),
  };
}

function lineOf(operation: Operation): string {
  const { from, because } = operation;
  const captured = operation.do === "copy" ? operation.captured : undefined;
  const dated = captured === undefined ? "" : `; ${captured.at} by ${captured.from}`;
  return `${operation.do.padEnd(4)} ${from.source}:${from.path} -> ${operation.to ?? "nowhere"}  (${because}${dated})`;
}
