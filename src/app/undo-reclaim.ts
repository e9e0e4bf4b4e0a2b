import type { Archive } from "../archive/archive.ts";
import { journalPath } from "../archive/journal.ts";
import { readJournal } from "../archive/read-journal.ts";
import type { IntendedReclaim } from "../archive/reclaim-records.ts";
import { previewRestore } from "../archive/restore-preview.ts";
import { restoreReclaimed } from "../archive/restore-reclaimed.ts";
import { addProblems } from "../inventory/problems.ts";
import { placesInArchive, recordRestored } from "../inventory/reclaimable.ts";
import { allSources, archiveAt } from "../inventory/sources.ts";
import type { SourceName } from "../model/file.ts";
import { RootLooks } from "../sources/root-watch.ts";
import type { App } from "./context.ts";
import { LateJournal } from "./late-journal.ts";
import { checkWritable, guardMount, refuseOtherMount, withOneSource } from "./reclaim-source.ts";
import { findTargets, type Target } from "./targets.ts";
import { patienceSeconds } from "./threads.ts";
import { describeTrouble } from "./trouble.ts";

export interface UndoReclaimTotals {
  /** Files that are at their places again. */
  readonly files: number;
  readonly bytes: number;
  /** Files that had never gone, or had come back. */
  readonly alreadyThere: number;
  /** Files that could not be brought back; each is listed. */
  readonly failed: number;
  readonly seconds: number;
}

/**
 * Brings back what a run of `onefold reclaim` has taken from its source: out of the quarantine, or as copies of what the
 * archive holds. For whoever holds the lock on runs, and the archive.
 *
 * @param work.run The run to take back. @param work.runId The run that does it, whose journal this writes.
 * @throws AppError NO_SUCH_SOURCE, SOURCE_NOT_MOUNTED, SOURCE_NOT_WRITABLE, SOURCE_LOST, JOURNAL_DAMAGED;
 *   NodeJS.ErrnoException ENOENT if the run has no journal, since it changed nothing
 */
export async function undoReclaim(
  app: App,
  { archive, run, runId }: { readonly archive: Archive; readonly run: string; readonly runId: string },
): Promise<UndoReclaimTotals> {
  const started = app.now().getTime();
  await using looks = new RootLooks(2, patienceSeconds(app, { remote: true }));
  const source = await sourceOf(app, await nameOfSource(archive, run), looks);
  checkWritable(source);
  const known = await archiveAt(app.db, archive.root);
  if (known === null) throw new Error("the archive is open but not known");
  await using journal = new LateJournal(app, archive, {
    run: runId,
    command: "undo",
    undoes: run,
    sources: [{ name: source.name, root: source.root }],
  });
  const phase = app.progress.begin("bringing files back");
  const totals = { files: 0, bytes: 0, alreadyThere: 0, failed: 0 };
  const job = {
    archive,
    run,
    source,
    placesOf: (hashes: Parameters<typeof placesInArchive>[2]) => placesInArchive(app.db, known.id, hashes),
    guard: () => guardMount(source),
    signal: app.signal,
  };
  for await (const { restored, alreadyThere, failed } of restoreReclaimed(job, () => journal.begun())) {
    const bytes = restored.reduce((sum, { size }) => sum + size, 0);
    const unchanged = restored.flatMap(({ unchanged: changed, ...file }) =>
      changed === null ? [] : [{ ...file, changed }],
    );
    await recordRestored(app.db, source.id, unchanged);
    const problems = failed.map(({ path, code, message }) => {
      return { source: source.name, path, code, message: message || describeTrouble(code) };
    });
    await addProblems(app.db, runId, problems);
    totals.files += restored.length;
    totals.bytes += bytes;
    totals.alreadyThere += alreadyThere;
    totals.failed += failed.length;
    phase.add({ files: restored.length, bytes });
  }
  phase.end();
  await journal.end(app.signal.aborted ? "interrupted" : totals.failed > 0 ? "incomplete" : "complete");
  return { ...totals, seconds: (app.now().getTime() - started) / 1000 };
}

/**
 * What {@link undoReclaim} would bring back, batch by batch, as the source stands now. Changes nothing.
 *
 * @throws AppError as undoReclaim does; a source that is mounted read-only will do
 */
export async function* previewUndoReclaim(
  app: App,
  { archive, run }: { readonly archive: Pick<Archive, "root">; readonly run: string },
): AsyncGenerator<readonly IntendedReclaim[], void, undefined> {
  await using looks = new RootLooks(2, patienceSeconds(app, { remote: true }));
  const source = await sourceOf(app, await nameOfSource(archive, run), looks);
  for await (const away of previewRestore({ archive, run, source })) {
    guardMount(source);
    if (app.signal.aborted) return;
    if (away.length > 0) yield away;
  }
}

async function nameOfSource(archive: Pick<Archive, "root">, run: string): Promise<SourceName> {
  for await (const record of readJournal(journalPath(archive.root, run))) {
    const [source] = record.do === "begin" && record.command === "reclaim" ? record.sources : [];
    if (source !== undefined) return source.name;
    break;
  }
  throw new Error(`${run} is no run of reclaim`);
}

/** There, and the one that was scanned. */
async function sourceOf(app: App, name: SourceName, looks: RootLooks): Promise<Target> {
  const { sources } = await findTargets(await withOneSource(app, name), looks, { shrink: [] });
  const [source] = sources;
  const known = (await allSources(app.db)).find(({ id }) => id === source?.id);
  if (source === undefined || known === undefined) throw new Error("the source is configured but not known");
  refuseOtherMount(source, known);
  return source;
}
