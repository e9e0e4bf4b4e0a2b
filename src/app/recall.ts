import { flushJournal } from "../archive/flush-standing.ts";
import { noteRecalled, unfinishedRuns } from "../inventory/runs.ts";
import { AppError, systemCode } from "../model/errors.ts";
import type { App } from "./context.ts";
import { recallPlacements } from "./placement-recall.ts";
import { recallTimes } from "./relink-recall.ts";
import type { Target } from "./targets.ts";

type Recall = (app: App, archive: Target, run: string) => Promise<void>;

/** What the journals of killed runs can tell, by the runs' commands; what others did, a scan finds by itself. */
const recallOf: Readonly<Record<string, Recall>> = {
  run: recallPlacements,
  consolidate: recallPlacements,
  relink: recallTimes,
  undo: recallTimes,
};

/**
 * Tells the inventory what killed runs did to the archive and could not record. For whoever holds the lock on runs;
 * costs one query where there was no such run. Interrupted, it begins again the next time.
 */
export async function recallRuns(app: App, archive: Target): Promise<void> {
  for (const { id, command } of await unfinishedRuns(app.db, archive.id, Object.keys(recallOf))) {
    try {
      await flushJournal(archive.root, id);
      await recallOf[command]?.(app, archive, id);
    } catch (error) {
      // The scan then finds out by reading what the journal could have told.
      if (error instanceof AppError) app.progress.note(error.message);
      // Without a journal it had nothing to do yet.
      else if (systemCode(error) !== "ENOENT") throw error;
    }
    if (app.signal.aborted) return;
    await noteRecalled(app.db, id);
  }
}
