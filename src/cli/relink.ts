import { Command } from "@commander-js/extra-typings";
import type { App } from "../app/context.ts";
import { type PlannedLink, previewRelink, relinkCommand as relinkArchive } from "../app/relink.ts";
import type { Workbench } from "./command.ts";
import { finish } from "./finish.ts";
import { exitStatus, withGlobalOptions } from "./options.ts";
import type { Console } from "./terminal.ts";

/** `onefold relink`: equal files inside the archive become hard links of one another. */
export function relinkCommand({ withApp }: Workbench) {
  return withGlobalOptions(new Command("relink"))
    .summary("make equal files inside the archive hard links of one another")
    .description(
      "Also such as onefold did not place. Files are compared byte by byte before one takes the other's place; the entry\n" +
        "stays the entry, and the oldest modification time is kept. Owner and mode are those of the file that is kept.\n" +
        "Empty files are left as they are. Let no other program write to the archive meanwhile.",
    )
    .option("--dry-run", "show what would be linked; change nothing")
    .addHelpText(
      "after",
      exitStatus({
        0: "equal files are links of one another",
        3: "done, but some files were left alone; they are listed",
        4: "refused, to protect data; nothing was touched",
        7: "another run is active",
        130: "interrupted; the same command goes on",
      }),
    )
    .action((options) =>
      withApp(options, async (app, console) => {
        const preview = () => previewRelink(app, (links) => show(app, console, links));
        return finish(app, console, await (options.dryRun ? preview() : relinkArchive(app)));
      }),
    );
}

async function show(app: App, console: Console, links: readonly PlannedLink[]): Promise<void> {
  if (console.json || console.quiet) return;
  for (const { file, kept, because } of links) {
    if (app.signal.aborted || console.unheard) return;
    await console.line(`link ${file.path} -> ${kept.path}  (${because})`);
  }
}
