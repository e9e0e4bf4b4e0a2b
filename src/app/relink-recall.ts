import { timesGiven } from "../archive/relink-recall.ts";
import { recordTime } from "../inventory/relinkable.ts";
import type { App } from "./context.ts";
import type { Target } from "./targets.ts";

/**
 * Tells the inventory of times that a killed `onefold relink`, or the undoing of one, has given to kept files and could
 * not record. Without it the next scan would take these files for changed, and their entries for gone.
 */
export async function recallTimes(app: App, archive: Target, run: string): Promise<void> {
  for await (const time of timesGiven(archive.root, run)) await recordTime(app.db, archive.id, time);
}
