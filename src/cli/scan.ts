import { Command, Option } from "@commander-js/extra-typings";
import { scanCommand as scanSources } from "../app/run.ts";
import type { Workbench } from "./command.ts";
import { finish } from "./finish.ts";
import { exitStatus, withGlobalOptions } from "./options.ts";

/** `onefold scan`: inventory and duplicates; touches no user file. */
export function scanCommand({ withApp }: Workbench) {
  return withGlobalOptions(new Command("scan"))
    .summary("bring the inventory up to date and find duplicates")
    .description("Looks through the sources and the archive, and reads what it takes to know which files are equal.")
    .argument("[source...]", "names of sources; all if none is given")
    .addOption(
      new Option("--engine <name>", "who looks for equal files first; onefold always looks at what it leaves")
        .choices(["onefold", "czkawka"])
        .default("onefold"),
    )
    .addHelpText(
      "after",
      exitStatus({ 0: "the inventory is up to date", 3: "some files or folders could not be read; they are listed" }),
    )
    .action((names, options) =>
      withApp(options, async (app, console) =>
        finish(app, console, await scanSources(app, names, options.engine === "czkawka" ? "czkawka" : "onefold")),
      ),
    );
}
