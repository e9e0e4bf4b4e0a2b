import type { App } from "./context.ts";
import { recallRelinks } from "./relink-recall.ts";
import type { Target } from "./targets.ts";

/** Tells the inventory what killed runs did to the archive and could not record. For whoever holds the lock on runs. */
export async function recallRuns(app: App, archive: Target): Promise<void> {
  await recallRelinks(app, archive);
}
