import { AppError, systemCode } from "../model/errors.ts";
import { readMounts } from "../sources/mounts.ts";
import { checkArchive, checkOtherRuns } from "./doctor-archive.ts";
import { askIn } from "./doctor-ask.ts";
import { bad, type Check, good } from "./doctor-check.ts";
import { examineDatabase } from "./doctor-database.ts";
import { type Look, lookAt } from "./doctor-look.ts";
import { isSmb, kernelCharset } from "./doctor-mount.ts";
import { checkCzkawka, checkExiftool, checkNode } from "./doctor-programs.ts";
import { findSetup } from "./doctor-setup.ts";
import { checkOverlap, checkSource, type MountTable, sourceLabel } from "./doctor-sources.ts";
import type { Start } from "./open.ts";

export { type Check, statusOf } from "./doctor-check.ts";

/**
 * Checks everything a run needs, each thing by itself: what is wrong with one keeps no other from being checked.
 * They are looked at side by side, and come in an order that is always the same. Changes nothing but temporary files
 * of its own; an embedded server that has data is started, as by every command.
 */
export async function* diagnose(start: Start, nodeVersion: string): AsyncGenerator<Check, void, undefined> {
  const { setup, check: config } = await findSetup(start.options, start);
  const ask = askIn(start.environment);
  const { table, check: mountTable } = mountsOfMachine();
  const places = setup.sources.map((source) => {
    const what = sourceLabel(source);
    return { what, source, looking: lookAt(source.path, what, ask) };
  });
  const archive = setup.archive === null ? null : { what: "archive", looking: lookAt(setup.archive, "archive", ask) };
  const archiveLook = archive === null ? Promise.resolve(null) : orNull(archive.looking);
  const archiveRoot = archiveLook.then((look) => look?.root ?? null);
  const database = examineDatabase(setup, start, archiveRoot);
  const memory = database.then((found) => found.memory);
  const all = [...places, ...(archive === null ? [] : [archive])];
  const parts: Promise<Check | readonly Check[]>[] = [
    Promise.resolve([checkNode(nodeVersion), config, ...mountTable]),
    database.then(({ check }) => check),
    ...(places.length === 0
      ? [Promise.resolve(good("sources", "none is named: name some with --source or in the config file"))]
      : places.map(({ source, looking }) => checkSource(source, looking, memory, table))),
    archive === null
      ? Promise.resolve(good("archive", "none is named: name one with --archive or in the config file"))
      : checkArchive(archive.looking, memory, table, ask),
    overlapOf(all),
    checkOtherRuns(archiveLook, memory),
    checkExiftool(),
    checkCzkawka(ask),
  ];
  // Also where the reader stops early: what was begun has temporary files to remove.
  const settled = Promise.allSettled([...parts, archiveRoot, memory]);
  try {
    for (const part of parts) {
      if (start.signal.aborted) return;
      yield* [await part].flat();
    }
  } finally {
    await settled;
  }
}

/** Without them no run can tell a share from an empty folder. */
function mountsOfMachine(): { readonly table: MountTable; readonly check: readonly Check[] } {
  try {
    const mounts = readMounts();
    const hasSmb = mounts.some(({ fsType }) => isSmb(fsType));
    return { table: { mounts, kernelCharset: hasSmb ? kernelCharset() : null }, check: [] };
  } catch (error) {
    if (systemCode(error) === null || !(error instanceof Error)) throw error;
    const check = bad(
      "mounts",
      `what is mounted cannot be told: ${error.message}`,
      "Mount /proc (onefold needs Linux).",
    );
    return { table: { mounts: [], kernelCharset: null }, check: [check] };
  }
}

async function overlapOf(
  places: readonly { readonly what: string; readonly looking: Promise<Look> }[],
): Promise<readonly Check[]> {
  const looks = await Promise.all(places.map(async ({ what, looking }) => ({ what, look: await orNull(looking) })));
  const roots = looks.flatMap(({ what, look }) => (look === null ? [] : [{ what, root: look.root }]));
  const check = checkOverlap(roots);
  return check === null ? [] : [check];
}

/** null where there is nothing to look at, which the place's own check tells. */
async function orNull(looking: Promise<Look>): Promise<Look | null> {
  try {
    return await looking;
  } catch (error) {
    if (error instanceof AppError) return null;
    throw error;
  }
}
