import { flushUnfinished } from "../archive/flush-standing.ts";
import { journalPath } from "../archive/journal.ts";
import { journalBatches } from "../archive/journal-batches.ts";
import { timesGiven } from "../archive/relink-recall.ts";
import { recordTime } from "../inventory/relinkable.ts";
import type { App } from "./context.ts";
import type { Target } from "./targets.ts";

/**
 * Has what a killed `onefold relink`, or the undoing of one, did to names survive a power cut, and tells the inventory
 * of times that it has given to kept files and could not record. Without that the next scan would take these files for
 * changed, and their entries for gone.
 *
 * @throws AppError JOURNAL_DAMAGED, after what stands before the damage is recorded
 */
export async function recallTimes(app: App, { id, root }: Target, run: string): Promise<void> {
  for await (const part of journalBatches(journalPath(root, run))) {
    if (part.do !== "batch") continue;
    await flushUnfinished(root, part);
    for await (const time of timesGiven(root, part.operations)) await recordTime(app.db, id, time);
  }
}
