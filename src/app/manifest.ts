import { type RecordedFile, recordedFiles, unreadFiles } from "../inventory/manifest.ts";
import { AppError, ExitCode } from "../model/errors.ts";
import { type PathText, pathBytes } from "../model/path.ts";
import type { App } from "./context.ts";
import { recallTargets } from "./targets.ts";

export type { RecordedFile } from "../inventory/manifest.ts";

/** A file of the archive, and its line for `b3sum --check`; null: b3sum refuses such a name. */
export interface ListedFile extends RecordedFile {
  /** As bytes, without the newline. */
  readonly line: Buffer | null;
}

/** Every file of the archive as it is recorded, in the order of the bytes of their paths. Reads no file. */
export async function* manifest(app: App, which: "all" | "entries"): AsyncGenerator<ListedFile[], void, undefined> {
  for await (const batch of recordedFiles(app.db, await archiveId(app), which)) {
    yield batch.map((file) => ({ ...file, line: checkLine(file) }));
  }
}

/** Files of the archive that cannot stand in a manifest since nobody has read them yet. */
export async function* notInManifest(app: App): AsyncGenerator<PathText[], void, undefined> {
  yield* unreadFiles(app.db, await archiveId(app));
}

async function archiveId(app: App): Promise<number> {
  const { archive } = await recallTargets(app);
  if (archive !== null) return archive.id;
  throw new AppError("NO_ARCHIVE", ExitCode.usage, "the inventory knows no archive", {
    hint: "Name one with --archive DIR that a run or scan has seen.",
  });
}

/**
 * A line as b3sum 1.8 reads it: where the name holds a backslash or a line end the line begins with a backslash, and
 * they are escaped. It refuses names that are not UTF-8, and U+FFFD, which stands for these in its own output.
 */
function checkLine({ hash, path }: RecordedFile): Buffer | null {
  const bytes = pathBytes(path);
  const name = bytes.toString("utf8");
  if (name.includes("\ufffd")) return null;
  const escaped = name.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll("\r", "\\r");
  // A lone "-" would be standard input.
  return Buffer.from(`${escaped === name ? "" : "\\"}${hash}  ${name === "-" ? "./-" : escaped}`);
}
