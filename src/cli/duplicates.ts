import { type FileHandle, open } from "node:fs/promises";
import { Command } from "@commander-js/extra-typings";
import { type Duplicates, duplicates } from "../app/lookup.ts";
import { AppError, ExitCode, systemCode } from "../model/errors.ts";
import { type EpochNs, isoTime } from "../model/time.ts";
import { formatBytes, formatNumberOf } from "../model/units.ts";
import type { Workbench } from "./command.ts";
import { csvRow } from "./csv.ts";
import { bytesOption, countOption, exitStatus, withGlobalOptions } from "./options.ts";

/** `onefold duplicates`: groups of equal files, largest waste first. */
export function duplicatesCommand({ withApp }: Workbench) {
  return withGlobalOptions(new Command("duplicates"))
    .summary("groups of equal files, largest waste first")
    .description("With --source NAME only groups that have a file in this source; with a path it says where to look.")
    .option("--min-size <size>", "only files of at least this size", bytesOption, 0)
    .option("--limit <n>", "so many groups", countOption)
    .option("--csv <file>", "write a table instead, a line a file")
    .addHelpText("after", exitStatus({ 0: "printed" }))
    .action((options) => {
      // The name of a source filters; a path (or NAME=PATH) names a source ad hoc, as for every command.
      const paths = (options.source ?? []).filter((text) => /[=/]/.test(text) || text === "." || text === "..");
      const [name] = (options.source ?? []).filter((text) => !paths.includes(text));
      const given = { ...options, source: paths.length > 0 ? paths : undefined };
      return withApp(given, async (app, console) => {
        const filter = { source: name ?? null, minSize: options.minSize, limit: options.limit ?? null };
        const groups = duplicates(app, filter);
        if (options.csv !== undefined) await writeCsv(groups, options.csv);
        else {
          for await (const group of groups) {
            if (console.unheard) break;
            if (console.json) await console.document(documentOf(group));
            else await console.lines(lines(group));
          }
        }
        return ExitCode.ok;
      });
    });
}

function documentOf({ hash, size, files, original, entry }: Duplicates): object {
  const listed = files.map(({ source, path, mtime }) => ({ source, path, mtime: time(mtime) }));
  return { hash, size, files: listed, original, entry };
}

function lines({ hash, size, copies, waste, files, original }: Duplicates): string[] {
  const isOriginal = (source: string, path: string) => source === original.source && path === original.path;
  return [
    `${formatNumberOf(copies, "copy", "copies")} of ${formatBytes(size)}, ${formatBytes(waste)} too much  ${hash}`,
    ...files.map(({ source, path }) => {
      return isOriginal(source, path)
        ? `  ${source}: ${path}  (original: ${original.because})`
        : `  ${source}: ${path}`;
    }),
  ];
}

async function writeCsv(groups: AsyncIterable<Duplicates>, name: string): Promise<void> {
  await using file = await createFile(name);
  await file.appendFile(csvRow(["hash", "size", "source", "path", "mtime", "original", "entry"]));
  for await (const { hash, size, files, original, entry } of groups) {
    const rows = files.map(({ source, path, mtime }) => {
      const role = source === original.source && path === original.path ? original.because : "";
      return csvRow([hash, size, source, path, time(mtime), role, entry ?? ""]);
    });
    await file.appendFile(rows.join(""));
  }
}

/** Never over one that is there. */
async function createFile(name: string): Promise<FileHandle> {
  try {
    return await open(name, "wx");
  } catch (error) {
    const code = systemCode(error);
    if (code === null) throw error;
    const why = code === "EEXIST" ? "is there already" : `cannot be written (${code})`;
    throw new AppError("CSV_NOT_WRITTEN", ExitCode.usage, `${name} ${why}`, {
      hint: "Name another file.",
      cause: error,
    });
  }
}

function time(mtime: string): string {
  return isoTime(BigInt(mtime) as EpochNs);
}
