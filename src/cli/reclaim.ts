import { Command, Option } from "@commander-js/extra-typings";
import type { App } from "../app/context.ts";
import { applyReclaim, previewReclaim, type ReclaimableFile, type ReclaimHow } from "../app/reclaim.ts";
import { AppError, ExitCode } from "../model/errors.ts";
import { type PathText, parsePathText } from "../model/path.ts";
import type { Workbench } from "./command.ts";
import { finish } from "./finish.ts";
import { bytesOption, countOption, exitStatus, withGlobalOptions } from "./options.ts";
import type { Console } from "./terminal.ts";

/** `onefold reclaim`: frees space on a share. */
export function reclaimCommand({ withApp }: Workbench) {
  return withGlobalOptions(new Command("reclaim"))
    .summary("free space on a share: move what is verified in the archive into a quarantine folder")
    .description(
      "The only command that writes to a source. Prints what it would do; --apply does it. A file goes only after it and\n" +
        "its entry in the archive were both read from end to end, right before, and hold the recorded content. It is moved\n" +
        "to .onefold/quarantine/RUN on the same share, which you empty when you are sure. Folders and junk stay.",
    )
    .argument("<source>", "name of the source")
    .option("--apply", "do it; without, nothing is changed")
    .option("--below <folder>", "only what lies below this folder of the source")
    .option("--max-files <n>", "so many files at most", countOption)
    .option("--max-bytes <size>", "files of so many bytes at most", bytesOption)
    .addOption(new Option("--delete", "remove the files, instead of moving them").conflicts("hardLink"))
    .addOption(new Option("--hard-link", "replace each by a hard link of its entry, on the archive's own file system"))
    .addHelpText(
      "after",
      exitStatus({
        0: "done, or shown",
        3: "some files were left alone; they are listed",
        4: "refused, to protect data; nothing was touched",
        5: "the share or the archive went away; the same command goes on",
        6: "a file or an entry reads differently from what was recorded; it was left alone",
        7: "another run is active",
        130: "interrupted; the same command goes on",
      }),
    )
    .action((source, options) =>
      withApp(options, async (app, console) => {
        const how: ReclaimHow = options.delete ? "delete" : options.hardLink ? "hard-link" : "quarantine";
        const { maxFiles: files = Number.POSITIVE_INFINITY, maxBytes: bytes = Number.POSITIVE_INFINITY } = options;
        const what = { source, how, below: folderIn(options.below ?? ""), limits: { files, bytes } };
        const preview = () => previewReclaim(app, what, (some) => show(app, console, { source, how, files: some }));
        return finish(app, console, await (options.apply ? applyReclaim(app, what) : preview()));
      }),
    );
}

/** @throws AppError USAGE */
function folderIn(text: string): PathText {
  const folder = parsePathText(text.replace(/^(?:\.\/)+|\/+$/g, ""));
  const parts = folder?.split("/") ?? [];
  if (
    folder !== null &&
    !parts.some((part, n) => ["..", "."].includes(part) || (part === "" && n < parts.length - 1))
  ) {
    return folder;
  }
  throw new AppError(
    "USAGE",
    ExitCode.usage,
    `--below ${text}: expected a folder of the source, as its paths are shown`,
    {
      hint: "It is relative to the source: --below DCIM/2019.",
    },
  );
}

async function show(
  app: App,
  console: Console,
  {
    source,
    how,
    files,
  }: { readonly source: string; readonly how: ReclaimHow; readonly files: readonly ReclaimableFile[] },
): Promise<void> {
  if (console.json || console.quiet) return;
  for (const { path, entry } of files) {
    if (app.signal.aborted || console.unheard) return;
    const what =
      how === "quarantine" ? `move ${source}:${path} -> .onefold/quarantine/RUN/${path}` : `${how} ${source}:${path}`;
    await console.line(`${what}  (archive: ${entry.path})`);
  }
}
