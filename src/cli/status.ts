import { Command } from "@commander-js/extra-typings";
import { type Status, status } from "../app/status.ts";
import { ExitCode } from "../model/errors.ts";
import { formatBytes, formatNumberOf } from "../model/units.ts";
import type { Workbench } from "./command.ts";
import { runLine } from "./history.ts";
import { exitStatus, withGlobalOptions } from "./options.ts";

/** `onefold status`: everything at a glance. */
export function statusCommand({ withApp }: Workbench) {
  return withGlobalOptions(new Command("status"))
    .summary("sources, totals, duplicates, what is archived and what is not, last runs")
    .addHelpText("after", exitStatus({ 0: "printed" }))
    .action((options) =>
      withApp(options, async (app, console) => {
        const found = await status(app);
        if (console.json) await console.document(found);
        else for (const line of lines(found)) await console.line(line);
        return ExitCode.ok;
      }),
    );
}

function lines({ sources, archive, duplicates, database, runs }: Status): string[] {
  const shown: string[] = [];
  for (const source of sources) {
    const missing = source.files - source.archivedFiles;
    shown.push(`Source ${source.name}: ${source.root}`);
    if (source.scannedAt === null) shown.push("  never scanned completely");
    shown.push(`  ${formatNumberOf(source.files, "file")}, ${formatBytes(source.bytes)}`);
    shown.push(
      missing === 0
        ? "  all in the archive"
        : `  not in the archive: ${formatNumberOf(missing, "file")}, ${formatBytes(source.bytes - source.archivedBytes)}`,
    );
    if (source.junkFiles > 0) {
      shown.push(
        `  junk, never archived: ${formatNumberOf(source.junkFiles, "file")}, ${formatBytes(source.junkBytes)}`,
      );
    }
  }
  if (archive !== null) {
    shown.push(`Archive: ${archive.root}`);
    shown.push(`  ${formatNumberOf(archive.entries, "content")}, ${formatBytes(archive.bytes)}`);
    if (archive.damaged > 0) {
      const damaged = formatNumberOf(archive.damaged, "entry", "entries");
      shown.push(
        `  DAMAGED or missing when last read: ${damaged}; onefold verify --repair takes them from the sources`,
      );
    }
  }
  const { files, groups, bytes } = duplicates;
  shown.push(
    `Duplicates: ${formatNumberOf(files, "file")} in ${formatNumberOf(groups, "group")}, ${formatBytes(bytes)}`,
  );
  shown.push(`Database: ${formatBytes(database.bytes)}`);
  if (runs.length > 0) shown.push("Last runs:", ...runs.map((run) => `  ${runLine(run)}`));
  return shown;
}
