import { Command } from "@commander-js/extra-typings";
import type { Workbench } from "./command.ts";
import { finish } from "./finish.ts";
import { acceptShrinkOption, exitStatus, withGlobalOptions } from "./options.ts";

/** `onefold run`: the whole job. */
export function runCommand({ withDisks }: Workbench) {
  return withGlobalOptions(new Command("run"))
    .summary("scan, plan, consolidate: the whole job")
    .description(
      "Brings every content of every source into the archive, once, and a hard link for every file below by-source/.\n" +
        "Safe to interrupt and to repeat: the next run goes on where this one stopped.",
    )
    .option("--dry-run", "stop after the plan; change nothing")
    .addOption(acceptShrinkOption())
    .addHelpText(
      "after",
      exitStatus({
        0: "everything is in the archive",
        3: "done, but some files could not be read or placed; they are listed",
        4: "refused, to protect data; nothing was touched",
        5: "a share or the database is not there, or went away: try again later",
        7: "another run is active",
        130: "interrupted; the next run goes on",
      }),
    )
    .action((options) =>
      withDisks(
        options,
        () => import("../app/run.ts"),
        async (app, console, { runCommand: runEverything }) => {
          const until = options.dryRun ? "planned" : "consolidated";
          const acceptance = { shrink: options.acceptShrink ?? [] };
          return finish(app, console, await runEverything(app, { until, acceptance }));
        },
      ),
    );
}
