import { Command } from "@commander-js/extra-typings";
import type { App } from "../app/context.ts";
import { type ListedFile, manifest, notInManifest } from "../app/manifest.ts";
import { ExitCode } from "../model/errors.ts";
import { formatNumberOf } from "../model/units.ts";
import type { Workbench } from "./command.ts";
import { exitStatus, withGlobalOptions } from "./options.ts";
import type { Console } from "./terminal.ts";

/** Names that are said one by one before they are only counted. */
const shown = 20;

/** `onefold manifest`: what `b3sum --check` reads. */
export function manifestCommand({ withApp }: Workbench) {
  return withGlobalOptions(new Command("manifest"))
    .summary("a line HASH PATH for every file of the archive; b3sum --check accepts it")
    .description(
      "As the inventory has it: no file is read. Paths are relative to the archive and raw bytes, in their order:\n" +
        "onefold manifest | (cd ARCHIVE && b3sum --check --quiet)",
    )
    .option("--entries", "only the entries, without their links below by-source/ and other files")
    .addHelpText(
      "after",
      exitStatus({
        0: "printed, every file of the archive",
        3: "printed, but some files cannot stand in it; they are listed on standard error",
      }),
    )
    .action((options) =>
      withApp(options, async (app, console) => {
        const unsayable = await printFiles(app, console, options.entries === true ? "entries" : "all");
        const unread = options.entries === true ? 0 : await tellUnread(app, console);
        return unsayable + unread > 0 ? ExitCode.incomplete : ExitCode.ok;
      }),
    );
}

/** @returns Number of files whose names b3sum refuses. */
async function printFiles(app: App, console: Console, which: "all" | "entries"): Promise<number> {
  let unsayable = 0;
  for await (const batch of manifest(app, which)) {
    app.signal.throwIfAborted();
    if (console.unheard) break;
    if (console.json) await console.documents(batch.map(({ hash, path, size }) => ({ hash, path, size })));
    else unsayable += await printLines(console, batch, unsayable);
  }
  if (unsayable > shown) console.message(`and ${formatNumberOf(unsayable - shown, "more", "more")}`);
  return unsayable;
}

async function printLines(console: Console, batch: readonly ListedFile[], before: number): Promise<number> {
  const lines = batch.flatMap(({ line }) => (line === null ? [] : [line, newline]));
  await console.bytes(Buffer.concat(lines));
  const refused = batch.filter(({ line }) => line === null);
  for (const { path } of refused.slice(0, Math.max(0, shown - before))) {
    console.message(`left out: ${path}: b3sum cannot check a name that is not UTF-8 (--json lists it)`);
  }
  return refused.length;
}

const newline = Buffer.from("\n");

/** @returns Number of files that have no hash. */
async function tellUnread(app: App, console: Console): Promise<number> {
  let unread = 0;
  for await (const batch of notInManifest(app)) {
    app.signal.throwIfAborted();
    for (const path of batch.slice(0, Math.max(0, shown - unread))) {
      console.message(`left out: ${path}: nobody has read it yet`);
    }
    unread += batch.length;
  }
  if (unread > shown) console.message(`and ${formatNumberOf(unread - shown, "more", "more")}`);
  if (unread > 0) console.message("  hint: onefold verify --all reads them, too.");
  return unread;
}
