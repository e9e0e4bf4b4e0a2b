import { Command } from "@commander-js/extra-typings";
import type { App } from "../app/context.ts";
import { gettingReady } from "../app/early.ts";
import type { Workbench } from "./command.ts";
import { finish } from "./finish.ts";
import { exitStatus, withGlobalOptions } from "./options.ts";
import type { Console } from "./terminal.ts";

/** `onefold consolidate`: carries out the plan that the inventory gives. */
export function consolidateCommand({ withApp }: Workbench) {
  return withGlobalOptions(new Command("consolidate"))
    .summary("carry the plan out: copy, verify, hard-link, record")
    .description("Does what onefold plan shows, from the inventory as the last scan left it.")
    .addHelpText(
      "after",
      exitStatus({ 0: "everything is in the archive", 3: "some files could not be placed; they are listed" }),
    )
    .action((options) => {
      const load = () => import("../app/run.ts");
      const work = async (app: App, console: Console) => {
        const { consolidateCommand: carryOut } = await load();
        return finish(app, console, await carryOut(app));
      };
      return withApp(options, work, gettingReady(load));
    });
}
