import { type DuplicateTotals, duplicateTotals } from "../inventory/duplicates.ts";
import { latestRuns, type Run } from "../inventory/runs.ts";
import {
  type ArchiveTotals,
  archiveTotals,
  databaseBytes,
  type SourceTotals,
  sourceTotals,
} from "../inventory/totals.ts";
import type { PathText } from "../model/path.ts";
import type { App } from "./context.ts";
import { recallTargets } from "./targets.ts";

export interface Status {
  readonly sources: readonly (SourceTotals & { readonly root: PathText })[];
  readonly archive: (ArchiveTotals & { readonly root: PathText }) | null;
  readonly duplicates: DuplicateTotals;
  readonly database: { readonly url: string; readonly bytes: number };
  readonly runs: readonly Run[];
}

/** Everything at a glance, from the inventory as it is. */
export async function status(app: App): Promise<Status> {
  const { sources, archive } = await recallTargets(app);
  const ids = sources.map(({ id }) => id);
  const totals = await sourceTotals(app.db, ids, archive?.id ?? null);
  const roots = new Map(sources.map(({ name, root }) => [name, root]));
  return {
    sources: totals.map((one) => ({ ...one, root: roots.get(one.name) ?? ("" as PathText) })),
    archive: archive === null ? null : { ...(await archiveTotals(app.db, archive.id)), root: archive.root },
    duplicates: await duplicateTotals(app.db, ids),
    database: { url: app.db.url, bytes: await databaseBytes(app.db) },
    runs: await latestRuns(app.db, 5),
  };
}
