import assert from "node:assert/strict";
import { takeArchive } from "../app/consolidate.ts";
import { openApp } from "../app/open.ts";
import { findTargets } from "../app/targets.ts";
import { withRun } from "../app/under-lock.ts";
import { type UndoReclaimTotals, undoReclaim } from "../app/undo-reclaim.ts";
import { sql } from "../inventory/database.ts";
import type { Household } from "./household.ts";
import { documentOf, type Ended, type ListedProblem } from "./onefold.ts";
import { readTree, type Tree } from "./tree.ts";

/** What `onefold reclaim --json` prints. */
export interface ReclaimedDocument {
  readonly command: string;
  readonly status: string;
  readonly run: string;
  readonly reclaim: {
    readonly files: number;
    readonly bytes: number;
    readonly left: number;
    readonly how: string;
    readonly applied: boolean;
    readonly seconds: number;
  };
  readonly problems: readonly ListedProblem[];
}

/** Archives all sources; then no file counts as one that may change without its times telling, however new it is. */
export async function archiveAll(home: Household): Promise<void> {
  await home.run();
  await home.database.query(sql`update file set racy = false`);
}

/** `onefold reclaim phone --json …`; it must end with `status`. */
export async function reclaim(home: Household, more: readonly string[], status = 0): Promise<ReclaimedDocument> {
  return reclaimedBy(await home.onefold(["reclaim", "phone", "--json", ...home.places, ...more]), status);
}

function reclaimedBy(ended: Ended, status = 0): ReclaimedDocument {
  assert.equal(ended.status, status, ended.stderr + ended.stdout);
  return documentOf<ReclaimedDocument>(ended);
}

export const counts = ({ reclaim: { files, bytes, left } }: ReclaimedDocument) => ({ files, bytes, left });
export const codes = ({ problems }: ReclaimedDocument) => problems.map(({ path, code }) => `${path} ${code}`).sort();

/** What stands in the source "phone", without `.onefold`, and what lies in the quarantine of a run. */
export async function phoneAndQuarantine(home: Household, run: string): Promise<{ phone: Tree; quarantine: Tree }> {
  const { ".onefold": own = {}, ...phone } = await readTree(home.path("phone"));
  return { phone, quarantine: ((own as { quarantine?: Tree }).quarantine?.[run] ?? {}) as Tree };
}

/** Takes a run of reclaim back, as `onefold undo` does. */
export async function undo(
  home: Household,
  run: string,
): Promise<UndoReclaimTotals & { readonly problems: number; readonly undo: string }> {
  const sources = home.sources.map((name) => `${name}=${home.path(name)}`);
  const progress = { drawable: false, begin: () => ({ add: () => {}, end: () => {} }), note: () => {} };
  await using app = await openApp({
    options: { source: sources, archive: home.path("archive") },
    environment: home.environment,
    cwd: home.disk.root,
    userId: process.getuid?.() ?? 1,
    version: "0",
    progress,
    signal: new AbortController().signal,
  });
  const { archive: target } = await findTargets(app);
  assert.ok(target !== null);
  const { summary, problems } = await withRun(app, { command: "undo", archiveId: target.id }, async (runId) => {
    await using archive = await takeArchive(app, target, "undo");
    return { undone: await undoReclaim(app, { archive, run, runId }) };
  });
  return { ...summary.undone, problems, undo: summary.run };
}
