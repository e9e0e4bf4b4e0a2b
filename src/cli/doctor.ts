import { Command } from "@commander-js/extra-typings";
import { type Check, diagnose, statusOf } from "../app/doctor.ts";
import { ExitCode } from "../model/errors.ts";
import { formatNumberOf } from "../model/units.ts";
import type { Workbench } from "./command.ts";
import { exitStatus, withGlobalOptions } from "./options.ts";
import type { Console } from "./terminal.ts";

/** `onefold doctor`: what a run needs, and how to mend what is missing. */
export function doctorCommand({ withStart }: Workbench) {
  return withGlobalOptions(new Command("doctor"))
    .summary("check everything a run needs, and say how to mend it")
    .description(
      "Checks config, database, sources, archive and the programs that help; changes nothing.\nWhat is optional never fails.",
    )
    .addHelpText(
      "after",
      exitStatus({
        0: "all is in order",
        2: "the config is wrong",
        4: "something a run needs is not in order",
        5: "nothing but the database is out of reach",
      }),
    )
    .action((options) =>
      withStart(options, async (start, console) => {
        const checks: Check[] = [];
        for await (const check of diagnose(start, process.versions.node)) {
          checks.push(check);
          if (!console.json) await show(check, console);
        }
        // Half an answer must not pass for a whole one.
        if (start.signal.aborted) return ExitCode.interrupted;
        if (console.json) {
          await console.document({ checks: checks.map(({ name, ok, detail, fix }) => ({ name, ok, detail, fix })) });
        } else if (!console.quiet) console.message(conclusion(checks));
        return statusOf(checks);
      }),
    );
}

/** Everything but the first line is indented, so that no name can pass for a check. */
async function show({ name, ok, detail, fix }: Check, console: Console): Promise<void> {
  const lines = [`${ok ? "ok   " : "FAIL "} ${name}: ${detail}`, ...(fix === null ? [] : [`fix: ${fix}`])];
  await console.line(lines.join("\n").replaceAll("\n", "\n      "));
}

function conclusion(checks: readonly Check[]): string {
  const wrong = checks.filter(({ ok }) => !ok).length;
  const all = formatNumberOf(checks.length, "check");
  return wrong === 0 ? `${all}, all in order.` : `${all}, ${wrong} failed.`;
}
