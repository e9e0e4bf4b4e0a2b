import { Command } from "@commander-js/extra-typings";
import { type WhereFound, where } from "../app/lookup.ts";
import { ExitCode } from "../model/errors.ts";
import { isoTime } from "../model/time.ts";
import { formatBytes } from "../model/units.ts";
import type { Workbench } from "./command.ts";
import { exitStatus, withGlobalOptions } from "./options.ts";

/** `onefold where`: every place of a content. */
export function whereCommand({ withApp }: Workbench) {
  return withGlobalOptions(new Command("where"))
    .summary("every place where a content lives, and its entry in the archive")
    .argument("<path|hash>", "a file, or 64 hex digits")
    .addHelpText("after", exitStatus({ 0: "found", 3: "the inventory does not know it" }))
    .action((what, options) =>
      withApp(options, async (app, console) => {
        const found = await where(app, what);
        if (console.json) await console.document(documentOf(found));
        else for (const line of lines(found)) await console.line(line);
        return ExitCode.ok;
      }),
    );
}

function documentOf({ hash, size, files, entry }: WhereFound): object {
  return {
    hash,
    size,
    files: files.map(({ source, path, modified }) => ({ source, path, mtime: isoTime(modified) })),
    entry,
  };
}

function lines({ hash, size, files, entry }: WhereFound): string[] {
  return [
    `${hash}, ${formatBytes(size)}`,
    ...files.map(({ source, kind, path }) => (kind === "archive" ? `  archive: ${path}` : `  ${source}: ${path}`)),
    entry === null ? "The archive does not hold it." : `Its entry in the archive: ${entry}`,
  ];
}
