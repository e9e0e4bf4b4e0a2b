import { accessSync, constants } from "node:fs";
import { readMarker } from "../archive/marker.ts";
import { allSources, type KnownSource } from "../inventory/sources.ts";
import { AppError, ExitCode, systemCode } from "../model/errors.ts";
import { systemPath } from "../model/path.ts";
import { mountOf, readMounts } from "../sources/mounts.ts";
import type { App } from "./context.ts";
import type { Target } from "./targets.ts";

/**
 * The same program with one source only, so that no other has to be there. Where the config names none, or not this
 * one, it is known from the last scan that had it.
 *
 * @throws AppError NO_SUCH_SOURCE
 */
export async function withOneSource(app: App, name: string): Promise<App> {
  const configured = app.config.sources.find((source) => source.name === name);
  const known = (await allSources(app.db)).find((source) => source.name === name);
  const recalled = known && ({ name: known.name, path: known.root, mount: "auto", exclude: [] } as const);
  const source = configured ?? recalled;
  if (source !== undefined) return { ...app, config: { ...app.config, sources: [source] } };
  throw new AppError("NO_SUCH_SOURCE", ExitCode.usage, `there is no source named ${name}`, {
    hint: "onefold status lists the sources.",
  });
}

/**
 * Refuses a source that is not, beyond doubt, what its last scan saw, all of it.
 *
 * @param known As it was before this command.
 * @throws AppError SOURCE_NOT_SCANNED, SOURCE_NOT_MOUNTED, SOURCE_IS_ARCHIVE
 */
export async function checkReclaimable(target: Target, known: KnownSource): Promise<void> {
  const { name, root } = target;
  if (!known.scannedWhole) {
    throw refused("SOURCE_NOT_SCANNED", `source "${name}": its last scan did not see all of it`, {
      hint: "Bring the inventory up to date first: onefold run",
    });
  }
  refuseOtherMount(target, known);
  if ((await readMarker(root)) === null) return;
  throw refused("SOURCE_IS_ARCHIVE", `source "${name}": ${root} is an archive itself`, {
    hint: "Nothing is ever taken out of an archive. Is it mounted a second time?",
  });
}

/** @throws AppError SOURCE_NOT_MOUNTED if another share or disk is mounted there than at the last scan */
export function refuseOtherMount({ name, root }: Target, { mount }: KnownSource): void {
  const now = mountOf(root, readMounts());
  if (mount === null || now === null || (mount.type === now.fsType && mount.source === now.source)) return;
  const seen = `${mount.source} (${mount.type})`;
  throw refused(
    "SOURCE_NOT_MOUNTED",
    `source "${name}": ${now.source} (${now.fsType}) is mounted at ${root}, and its last scan saw ${seen}`,
    { hint: "Mount the share that was scanned, or scan this one: onefold run" },
  );
}

/**
 * For each batch: whether it is still mounted. Costs less than a millisecond.
 *
 * @throws AppError SOURCE_LOST
 */
export function guardMount({ name, root, mount }: Target): void {
  const now = mountOf(root, readMounts());
  if (mount?.point === now?.mountPoint && mount?.type === now?.fsType && mount?.source === now?.source) return;
  throw new AppError("SOURCE_LOST", ExitCode.unavailable, `source "${name}": ${root} is not mounted any more`, {
    hint: "Look at the share and its mount, then run again: it goes on where it stopped.",
  });
}

/** @throws AppError SOURCE_NOT_WRITABLE */
export function checkWritable({ name, root }: Target): void {
  const mount = mountOf(root, readMounts());
  const why = mount?.readOnly === true ? "it is mounted read-only" : unwritable(root);
  if (why === null) return;
  throw refused("SOURCE_NOT_WRITABLE", `source "${name}": nothing can be written to ${root}: ${why}`, {
    hint: "Mount it read-write for as long as this command runs, and give onefold's user the right to write there.",
  });
}

function unwritable(root: Target["root"]): string | null {
  try {
    accessSync(systemPath(root), constants.W_OK | constants.X_OK);
    return null;
  } catch (error) {
    const code = systemCode(error);
    if (code === null) throw error;
    return code === "EROFS" ? "it is mounted read-only" : `no permission (${code})`;
  }
}

export function refused(code: string, sentence: string, { hint }: { readonly hint: string }): AppError {
  return new AppError(code, ExitCode.refused, sentence, { hint });
}
