import { flushUnfinished } from "../archive/flush-standing.ts";
import { journalPath } from "../archive/journal.ts";
import { journalBatches } from "../archive/journal-batches.ts";
import type { JournalBegin } from "../archive/journal-records.ts";
import { asItWasLeft, asItWasMeant } from "../archive/placed-recall.ts";
import type { DedicatedSession } from "../inventory/database.ts";
import { addOrigins, beginOrigins, mergeOrigins } from "../inventory/origins.ts";
import { type Placed, recordPlaced } from "../inventory/placed.ts";
import type { App } from "./context.ts";
import type { Target } from "./targets.ts";
import { type ToldBatch, toldBy } from "./told.ts";

/**
 * Tells the inventory what a killed run has placed: batches that were done, since the database may have lost its last
 * commits, and what of the unfinished ones stands in the archive. Costs a look at every file that the run placed, and
 * the reading of those whose batch it could not finish.
 *
 * @throws AppError JOURNAL_DAMAGED, after what stands before the damage is recorded
 */
export async function recallPlacements(app: App, archive: Target, run: string): Promise<void> {
  const phase = app.progress.begin(`recalling ${run}`);
  await using session = await app.db.session();
  await beginOrigins(session);
  try {
    let begin: JournalBegin | null = null;
    for await (const part of journalBatches(journalPath(archive.root, run))) {
      if (app.signal.aborted) return;
      if (part.do === "begin") begin = part;
      if (part.do !== "batch" || begin === null) continue;
      const told = toldBy(part, begin);
      await flushUnfinished(archive.root, part);
      await record(app, { archive, session }, told);
      phase.add({ files: told.files.length + told.unfinished.length });
    }
  } finally {
    phase.end();
  }
  await mergeOrigins(session);
}

async function record(
  app: App,
  { archive, session }: { readonly archive: Target; readonly session: DedicatedSession },
  { files, unfinished, origins }: ToldBatch,
): Promise<void> {
  const inodesTrusted = archive.inodes === "all";
  const placed: Placed[] = [];
  for (const { inode, hash, entry, ...left } of files) {
    const archived = await asItWasLeft(archive.root, { ...left, inode: inodesTrusted ? inode : null });
    if (archived !== null) placed.push({ archived, hash, head: null, entry });
  }
  for (const { entry, ...meant } of unfinished) {
    const found = await asItWasMeant(archive.root, meant, app.signal);
    if (found !== null) placed.push({ ...found, head: null, entry });
  }
  if (placed.length > 0) await recordPlaced(session, { archiveId: archive.id, inodesTrusted }, placed, []);
  await addOrigins(session, origins);
}
