import { Command } from "@commander-js/extra-typings";
import { type Covered, covered } from "../app/covered.ts";
import { ExitCode } from "../model/errors.ts";
import { formatBytes, formatCount, formatNumberOf } from "../model/units.ts";
import type { Workbench } from "./command.ts";
import { exitStatus, withGlobalOptions } from "./options.ts";
import type { Console } from "./terminal.ts";

/** Files that are named for each folder; the others are counted. */
const shownInFolder = 10;

/** `onefold covered`: may I wipe it? */
export function coveredCommand({ withApp }: Workbench) {
  return withGlobalOptions(new Command("covered"))
    .summary("may I wipe it? whether every file below it is in the archive")
    .description(
      "Looks at the disk as it is now. A file is covered if the last scan has its hash, it has not changed since, and the\n" +
        "entry of that content stands in the archive as recorded. Symbolic links and the like, and what the config\n" +
        "excludes, are not in the archive and thus not covered; junk is not either, but is only counted. In a place that\n" +
        "no source contains every file is read.",
    )
    .argument("<source|path>", "name of a source, or a folder or file anywhere")
    .option("--recheck", "read both sides again, every file and its entry")
    .addHelpText(
      "after",
      exitStatus({
        0: "yes: every file below it is in the archive with the same content",
        3: "no: some are not; they are listed",
        4: "it is not there, or not mounted, or lies in the archive itself",
        6: "no: a content, here or in the archive, is not what was recorded",
        7: "another run is active (--recheck only)",
      }),
    )
    .action((what, options) =>
      withApp(options, async (app, console) => {
        let status: ExitCode = ExitCode.incomplete;
        await covered(app, what, { recheck: options.recheck === true }, async (answer) => {
          if (console.json) await showDocument(console, answer);
          else if (!console.quiet) await showLines(console, answer);
          status = answer.covered ? ExitCode.ok : answer.rotten > 0 ? ExitCode.integrity : ExitCode.incomplete;
        });
        return status;
      }),
    );
}

async function showDocument(console: Console, { missingFiles, missing, ...answer }: Covered): Promise<void> {
  const listed: unknown[] = [];
  for await (const batch of missingFiles(null)) listed.push(...batch);
  await console.document({ ...answer, missingFiles: missing, missing: listed });
}

async function showLines(console: Console, answer: Covered): Promise<void> {
  const { folders, junk } = answer;
  for (const { path, files, bytes, missing } of folders) {
    const name = path === answer.below ? "files right here" : path;
    const said = missing === 0 ? "covered" : `${formatCount(missing)} NOT COVERED`;
    await console.line(`${name}: ${formatNumberOf(files, "file")}, ${formatBytes(bytes)}: ${said}`);
  }
  if (junk.files > 0) {
    await console.line(`Junk, never archived: ${formatNumberOf(junk.files, "file")}, ${formatBytes(junk.bytes)}`);
  }
  if (answer.missing > 0) await showMissing(console, answer);
  await console.line();
  await console.line(conclusion(answer));
}

async function showMissing(console: Console, { folders, missingFiles }: Covered): Promise<void> {
  await console.line("Not covered:");
  for await (const batch of missingFiles(shownInFolder)) {
    for (const { path, code, because } of batch)
      await console.line(`  ${path === "" ? "." : path}: ${because} [${code}]`);
  }
  for (const { path, missing } of folders) {
    const more = missing - shownInFolder;
    const where = path === "" ? "." : path;
    if (more > 0) await console.line(`  and ${formatNumberOf(more, "more", "more")} in ${where} (--json lists all)`);
  }
}

function conclusion({ files, bytes, missing, rotten, recheck }: Covered): string {
  if (rotten > 0)
    return `ALARM: of ${formatNumberOf(rotten, "file")} the content, here or in the archive, is not what was recorded.`;
  if (missing > 0)
    return `NOT COVERED: ${formatNumberOf(missing, "file or other thing", "files and other things")} would be lost.`;
  if (files === 0) return "Covered: there is no file below it.";
  const all = `Covered: ${formatNumberOf(files, "file")}, ${formatBytes(bytes)}, all of it in the archive with the same content`;
  return recheck ? `${all}; both sides were read.` : `${all}, as recorded. --recheck reads both sides again.`;
}
