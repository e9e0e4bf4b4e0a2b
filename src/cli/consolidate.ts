import { Command } from "@commander-js/extra-typings";
import type { Workbench } from "./command.ts";
import { finish } from "./finish.ts";
import { exitStatus, withGlobalOptions } from "./options.ts";

/** `onefold consolidate`: carries out the plan that the inventory gives. */
export function consolidateCommand({ withDisks }: Workbench) {
  return withGlobalOptions(new Command("consolidate"))
    .summary("carry the plan out: copy, verify, hard-link, record")
    .description("Does what onefold plan shows, from the inventory as the last scan left it.")
    .addHelpText(
      "after",
      exitStatus({ 0: "everything is in the archive", 3: "some files could not be placed; they are listed" }),
    )
    .action((options) =>
      withDisks(
        options,
        () => import("../app/run.ts"),
        async (app, console, { consolidateCommand: carryOut }) => finish(app, console, await carryOut(app)),
      ),
    );
}
