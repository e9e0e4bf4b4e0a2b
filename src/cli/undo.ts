import { Command } from "@commander-js/extra-typings";
import type { App } from "../app/context.ts";
import { type Previewed, undoCommand as undoRun } from "../app/undo.ts";
import type { Workbench } from "./command.ts";
import { finish } from "./finish.ts";
import { exitStatus, withGlobalOptions } from "./options.ts";
import type { Console } from "./terminal.ts";

/** `onefold undo`: takes a run back. */
export function undoCommand({ withApp }: Workbench) {
  return withGlobalOptions(new Command("undo"))
    .summary("take a run back, as far as the world has not moved on")
    .description(
      "Removes what a run put into the archive, and gives files that relink made links files of their own again, as the\n" +
        "run's journal tells; what reclaim took from a source comes back. What changed since, what a later run uses, and what no source is seen to hold any more, is\n" +
        "kept and listed. Of several runs take the latest back first. Safe to interrupt and to repeat.",
    )
    .argument("<run>", "id of a run, or its beginning")
    .option("--dry-run", "show what would be taken back; change nothing")
    .addHelpText(
      "after",
      exitStatus({
        0: "all of it is taken back",
        2: "there is no such run, or none that can be taken back",
        3: "done, but some files are kept; they are listed",
        6: "the run's journal is damaged; nothing was touched",
        7: "another run is active",
        130: "interrupted; the same command goes on",
      }),
    )
    .action((run, options) =>
      withApp(options, async (app, console) => {
        const preview = (batch: Previewed) => show(app, console, batch);
        return finish(app, console, await undoRun(app, run, options.dryRun ? preview : null));
      }),
    );
}

async function show(app: App, console: Console, { removed, separated, restored }: Previewed): Promise<void> {
  if (console.json || console.quiet) return;
  for (const line of [
    ...removed.map(({ path }) => `remove ${path}`),
    ...separated.map(({ path }) => `separate ${path}`),
    ...restored.map(({ source, path }) => `restore ${source}: ${path}`),
  ]) {
    if (app.signal.aborted || console.unheard) return;
    await console.line(line);
  }
}
