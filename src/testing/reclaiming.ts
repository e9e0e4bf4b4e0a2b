import assert from "node:assert/strict";
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

/** What `onefold undo --json` prints of a run of reclaim. */
interface UndoneDocument {
  readonly run: string;
  readonly undoneBy?: string;
  readonly undo: { readonly restored: number; readonly restoredBytes: number; readonly kept: number };
  readonly problems: readonly ListedProblem[];
}

/** `onefold undo`, whatever it comes to. */
export async function undo(home: Household, run: string, more: readonly string[] = []): Promise<UndoneDocument> {
  return documentOf<UndoneDocument>(await home.onefold(["undo", run, "--json", ...home.places, ...more]));
}
