import { Command, Option } from "@commander-js/extra-typings";
import type { Workbench } from "./command.ts";
import { finish } from "./finish.ts";
import { acceptShrinkOption, exitStatus, withGlobalOptions } from "./options.ts";

/** `onefold scan`: inventory and duplicates; touches no user file. */
export function scanCommand({ withDisks }: Workbench) {
  return withGlobalOptions(new Command("scan"))
    .summary("bring the inventory up to date and find duplicates")
    .description("Looks through the sources and the archive, and reads what it takes to know which files are equal.")
    .argument("[source...]", "names of sources; all if none is given")
    .addOption(
      new Option("--engine <name>", "who looks for equal files first; onefold always looks at what it leaves")
        .choices(["onefold", "czkawka"])
        .default("onefold"),
    )
    .addOption(acceptShrinkOption())
    .addHelpText(
      "after",
      exitStatus({
        0: "the inventory is up to date",
        3: "some files or folders could not be read; they are listed",
        4: "a source is not mounted, not the one it was, or has lost most of its files",
        5: "a source is not there, or went away: try again later",
      }),
    )
    .action((names, options) =>
      withDisks(
        options,
        () => import("../app/scan-sources.ts"),
        async (app, console, { scanCommand: scanSources }) => {
          const engine = options.engine === "czkawka" ? "czkawka" : "onefold";
          const acceptance = { shrink: options.acceptShrink ?? [] };
          return finish(app, console, await scanSources(app, names, { engine, acceptance }));
        },
      ),
    );
}
