import { Command, Option } from "@commander-js/extra-typings";
import { formatNames, importResults } from "../app/import.ts";
import type { Workbench } from "./command.ts";
import { finish } from "./finish.ts";
import { collect, exitStatus, withGlobalOptions } from "./options.ts";

/** `onefold import`: results of other duplicate finders, as claims. */
export function importCommand({ withApp }: Workbench) {
  return withGlobalOptions(new Command("import"))
    .summary("take over results of czkawka, fclones, rmlint, jdupes, rdfind, fdupes")
    .description(
      "Reads what another duplicate finder wrote. Its hashes save reading where size and time of a file still fit;\n" +
        "nothing is copied past, linked or removed because of them alone.",
    )
    .argument("<file...>", "files with results; /dev/stdin for a pipe")
    .addOption(
      new Option("--format <name>", "what wrote them, instead of finding it out").choices([...formatNames, "detect"]),
    )
    .option("--map <from=to>", "files below FROM lie below TO here; repeat it, the longest FROM counts", collect)
    .addHelpText(
      "after",
      exitStatus({
        0: "all of it is taken over",
        2: "a file is not understood",
        3: "taken over, but a document is cut off, or something in it is left out or contradicted; it is listed",
      }),
    )
    .action((files, options) =>
      withApp(options, async (app, console) => {
        const format = formatNames.find((name) => name === options.format) ?? "detect";
        return finish(app, console, await importResults(app, files, { format, maps: options.map ?? [] }));
      }),
    );
}
