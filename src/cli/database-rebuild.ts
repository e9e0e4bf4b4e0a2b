import { Command } from "@commander-js/extra-typings";
import { rebuildCommand as rebuild } from "../app/rebuild.ts";
import type { Workbench } from "./command.ts";
import { finish } from "./finish.ts";
import { exitStatus, withGlobalOptions } from "./options.ts";

/** `onefold database rebuild`: fills an empty or lost database from the archive's journals. */
export function rebuildCommand({ withApp }: Workbench) {
  return withGlobalOptions(new Command("rebuild"))
    .summary("fill an empty or lost database from the archive's journals")
    .description(
      "Files and entries of the archive, files of the sources as they were read, and runs: as the journals tell and the\n" +
        "archive's folders confirm. No source is needed. What the database knows already stays.",
    )
    .option("--read", "read every file of the archive, instead of believing the journals")
    .option("--skip-damaged", "of a damaged journal take what stands before the damage")
    .addHelpText(
      "after",
      exitStatus({
        0: "the database knows what the journals tell",
        2: "the folder is no archive",
        3: "done, but something could not be read; it is listed",
        6: "a journal is damaged, or a file is not what its run left",
        7: "another run is active",
      }),
    )
    .action((options) =>
      withApp(options, async (app, console) => {
        const how = { read: options.read === true, skipDamaged: options.skipDamaged === true };
        return finish(app, console, await rebuild(app, how));
      }),
    );
}
