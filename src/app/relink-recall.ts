import { timesGiven } from "../archive/relink-recall.ts";
import { noteRecalled, recordTime, unfinishedRelinks } from "../inventory/relinkable.ts";
import { AppError } from "../model/errors.ts";
import type { App } from "./context.ts";
import type { Target } from "./targets.ts";

/**
 * Tells the inventory of times that a killed `onefold relink` has given to kept files and could not record. Without it
 * the next scan would take these files for changed, and their entries for gone. For whoever holds the lock on runs;
 * costs one query where there was no such run.
 */
export async function recallRelinks(app: App, archive: Target): Promise<void> {
  for (const run of await unfinishedRelinks(app.db, archive.id)) {
    try {
      for await (const time of timesGiven(archive.root, run)) await recordTime(app.db, archive.id, time);
    } catch (error) {
      // The scan then finds out by reading what the journal could have told.
      if (!(error instanceof AppError)) throw error;
      app.progress.note(error.message);
    }
    await noteRecalled(app.db, run);
  }
}
