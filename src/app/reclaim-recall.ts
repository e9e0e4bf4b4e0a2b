import { flushJournal } from "../archive/flush-standing.ts";
import { PinnedFolders } from "../archive/pinned-folder.ts";
import { intendedReclaims, type Recalled, recallReclaim } from "../archive/reclaim-recall.ts";
import type { IntendedReclaim } from "../archive/reclaim-records.ts";
import { recordReclaimed, stillStanding, unfinishedReclaims } from "../inventory/reclaimable.ts";
import { noteRecalled } from "../inventory/runs.ts";
import { AppError } from "../model/errors.ts";
import type { EpochNs } from "../model/time.ts";
import type { App } from "./context.ts";
import type { Target } from "./targets.ts";

interface Work {
  readonly source: Target;
  readonly target: Target;
  readonly runId: string;
  /** Only a command that may write to the source finishes what the killed run left half done; others look. */
  readonly mayChange: boolean;
}

/**
 * Tells the inventory what killed `onefold reclaim` runs have taken from a source and could not record: else the next
 * scan would take the source for one that has shrunk. Puts back what was caught on its way out, if it may. For whoever holds the locks; costs one query where there was no such run.
 */
export async function recallReclaims(app: App, work: Work): Promise<void> {
  const { source, target } = work;
  for (const run of await unfinishedReclaims(app.db, target.id)) {
    let isOurs = false;
    try {
      await flushJournal(target.root, run);
      for await (const operations of intendedReclaims(target.root, run, source.name)) {
        isOurs = true;
        await recallBatch(app, work, operations);
      }
    } catch (error) {
      // The next scan then finds out by looking what the journal could have told.
      if (!(error instanceof AppError) || error.code !== "JOURNAL_DAMAGED") throw error;
      app.progress.note(error.message);
    }
    // That of another source waits for its turn.
    if (isOurs && work.mayChange) await noteRecalled(app.db, run);
  }
}

async function recallBatch(app: App, work: Work, all: readonly IntendedReclaim[]): Promise<void> {
  const { source, target, runId, mayChange } = work;
  const known = await stillStanding(
    app.db,
    source.id,
    all.map(({ from, hash, mtimeNs }) => ({ path: from.path, hash, modified: BigInt(mtimeNs) as EpochNs })),
  );
  using sourceFolders = new PinnedFolders(source.root, `source "${source.name}"`);
  using archiveFolders = new PinnedFolders(target.root);
  const folders = { source: sourceFolders, archive: archiveFolders };
  const found = all.flatMap((operation) => {
    const id = known.get(operation.from.path);
    return id === undefined ? [] : [{ id, recalled: recallReclaim(operation, folders, mayChange) }];
  });
  const where = { sourceId: source.id, archiveId: target.id, runId };
  const linked = found.flatMap(({ id, recalled }) => linkedBy(id, recalled, source));
  const gone = found.flatMap(({ id, recalled }) => (recalled.kind === "gone" ? [id] : []));
  await recordReclaimed(app.db, where, { gone, linked, touched: [], verified: [], damaged: [] });
}

function linkedBy(id: number, recalled: Recalled, { inodes }: Target) {
  if (recalled.kind !== "linked") return [];
  const { mtimeNs, ctimeNs, dev, ino } = recalled.stats;
  const inode = inodes === "none" ? null : ino;
  return [{ id, modified: mtimeNs as EpochNs, changed: ctimeNs as EpochNs, device: dev, inode }];
}
