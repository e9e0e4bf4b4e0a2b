import { Command } from "@commander-js/extra-typings";
import { ExitCode } from "../model/errors.ts";
import type { Workbench } from "./command.ts";
import { rebuildCommand } from "./database-rebuild.ts";
import { exitStatus, withGlobalOptions } from "./options.ts";

/** `onefold database url`, `serve` and `rebuild`: the inventory for psql and other programs. */
export function databaseCommand(bench: Workbench) {
  const { withInventory } = bench;
  const command = new Command("database").summary("the inventory, for psql and other programs");
  command.addCommand(
    withGlobalOptions(new Command("url"))
      .summary("print the connection URL")
      .description(
        'Starts the embedded server to make sure that it can; it runs on only while a command needs it.\nTry: onefold database serve &  psql "$(onefold database url)"',
      )
      .addHelpText("after", exitStatus({ 0: "printed", 5: "the server cannot be reached" }))
      .action((options) =>
        withInventory(options, async ({ url }, console) => {
          if (console.json) await console.document({ url });
          else await console.line(url);
          return ExitCode.ok;
        }),
      ) as unknown as Command,
  );
  command.addCommand(
    withGlobalOptions(new Command("serve"))
      .summary("keep the embedded server running until Ctrl-C")
      .addHelpText("after", exitStatus({ 130: "ended by Ctrl-C", 143: "ended by SIGTERM" }))
      .action((options) =>
        withInventory(options, async ({ url }, console, signal) => {
          if (console.json) await console.document({ url });
          else await console.line(url);
          console.message("The inventory can be read as long as this runs. Ctrl-C ends it.");
          await untilAborted(signal);
          return ExitCode.ok;
        }),
      ) as unknown as Command,
  );
  command.addCommand(rebuildCommand(bench) as unknown as Command);
  return command;
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    // A timer keeps the program alive: a signal handler alone does not.
    const timer = setInterval(() => undefined, 60_000);
    const done = () => {
      clearInterval(timer);
      resolve();
    };
    if (signal.aborted) done();
    else signal.addEventListener("abort", done, { once: true });
  });
}
