import { flushStanding } from "../archive/flush-standing.ts";
import { adoptable, adoptEntries } from "../inventory/entries.ts";
import type { App } from "./context.ts";
import type { Target } from "./targets.ts";

/**
 * Makes files that the archive holds already the entries of their contents, once they are on its disk for good: what
 * is an entry, its sources may be wiped for.
 *
 * @throws AppError ARCHIVE_LOST, ARCHIVE_FULL
 */
export async function adoptStanding(app: App, archive: Target): Promise<void> {
  for await (const page of adoptable(app.db, archive.id)) {
    if (app.signal.aborted) return;
    await flushStanding(
      archive.root,
      page.map(({ path }) => path),
    );
    await adoptEntries(app.db, archive.id, page);
  }
}
