import { readWholeJournal, type UndoAdvice, Undoer, type UndoneBatch, type WholeJournal } from "../archive/undo.ts";
import type { DedicatedSession } from "../inventory/database.ts";
import { addOrigins, beginOrigins, indexOrigins, toldCopies } from "../inventory/origins.ts";
import { addProblems } from "../inventory/problems.ts";
import { completeUndoOf } from "../inventory/runs.ts";
import { copiesInSources, knownRoots, recordUndone } from "../inventory/undone.ts";
import { AppError, ExitCode } from "../model/errors.ts";
import type { Place } from "../model/file.ts";
import { joinPath } from "../model/path.ts";
import { takeArchive } from "./consolidate.ts";
import type { App } from "./context.ts";
import { refuseOtherArchive } from "./journals.ts";
import { LateJournal } from "./late-journal.ts";
import { recallRuns } from "./recall.ts";
import type { Target } from "./targets.ts";
import { toldBy } from "./told.ts";
import { describeTrouble } from "./trouble.ts";
import { type Outcome, withRun } from "./under-lock.ts";
import { findRunToUndo } from "./undo-find.ts";
import { previewUndoReclaim, type UndoReclaimTotals, undoReclaim } from "./undo-reclaim.ts";

export interface UndoTotals {
  /** Copies that were removed; after a dry run, that would be if a source still holds their content. */
  readonly removedFiles: number;
  readonly removedLinks: number;
  /** Sizes of the files that lost their last name. */
  readonly removedBytes: number;
  /** Names that have a file of their own again. */
  readonly separated: number;
  /** Files that are at their places in a source again. */
  readonly restored: number;
  readonly restoredBytes: number;
  /** Files that were left as they are; each is listed. */
  readonly kept: number;
  readonly seconds: number;
  /** Nothing was changed: the numbers say what would be done. */
  readonly dryRun?: true;
}

export interface UndoParts {
  /** Id of the run that was taken back. */
  readonly undone: string;
  /** An earlier run that took all of it back. */
  readonly undoneBy?: string;
  readonly undo: UndoTotals;
}

/** What would be done, of one batch. */
export interface Previewed extends Pick<UndoneBatch, "removed" | "separated"> {
  readonly restored: readonly Place[];
}

type Preview = (batch: Previewed) => Promise<void>;

type TakeBack = (undoer: Undoer, journal: WholeJournal, advice: UndoAdvice) => AsyncIterable<UndoneBatch>;

/** How the runs of each command are taken back. A command that is not here cannot be undone. */
const takeBackOf: Readonly<Record<string, TakeBack>> = {
  run: (undoer, journal, advice) => undoer.takeBack(journal, advice),
  consolidate: (undoer, journal, advice) => undoer.takeBack(journal, advice),
  relink: (undoer, journal) => undoer.separate(journal),
};

/**
 * `onefold undo`: takes a run back, as far as the world has not moved on. What it did is told by its journal alone.
 *
 * @param asked Id of the run, or the beginning of it.
 * @param preview Only say what would be done, batch by batch; null: do it.
 * @throws AppError NO_SUCH_RUN, CANNOT_UNDO, JOURNAL_DAMAGED, before anything is changed
 */
export async function undoCommand(app: App, asked: string, preview: Preview | null): Promise<Outcome<UndoParts>> {
  const { id, changed } = await findRunToUndo(app, asked);
  return withRun(app, { command: "undo", archiveId: changed?.archive.id ?? null }, async (runId) => {
    const tally = new Tally(app);
    if (changed !== null) {
      const { archive } = changed;
      await recallRuns(app, archive);
      await using session = await app.db.session();
      await beginOrigins(session);
      const journal = await readWholeJournal(changed.journal, async (batch, begin) => {
        if (begin !== null) await addOrigins(session, toldBy(batch, begin).origins);
      });
      await indexOrigins(session);
      await refuseOtherArchive(archive.root, journal.begin);
      await undo(app, { runId, undoes: id, archive, journal, session, tally, preview });
    }
    const before = changed === null ? null : await completeUndoOf(app.db, id);
    const undoneBy = before === null ? {} : { undoneBy: before };
    return { undone: id, ...undoneBy, undo: { ...tally.totals(), ...(preview === null ? {} : { dryRun: true }) } };
  });
}

interface Work {
  readonly runId: string;
  readonly undoes: string;
  readonly archive: Target;
  readonly journal: WholeJournal;
  /** Knows the origins that the journal tells. */
  readonly session: DedicatedSession;
  readonly tally: Tally;
  readonly preview: Preview | null;
}

async function undo(app: App, work: Work): Promise<void> {
  const { runId, undoes, archive, journal, tally, preview } = work;
  // Journals that were written before they named their command are those of runs.
  const command = journal.begin?.command ?? "run";
  if (command === "reclaim") return undoReclaimed(app, work);
  const takeBack = takeBackOf[command];
  if (takeBack === undefined) throw cannotUndo(undoes, command);
  await using held = preview === null ? await takeArchive(app, archive, "undo") : null;
  const header = { run: runId, command: "undo", undoes, sources: [] };
  await using own = held === null ? null : new LateJournal(app, held, header);
  const inodesTrusted = archive.inodes === "all";
  const begin = own === null ? null : () => own.begun();
  await using undoer = new Undoer(archive.root, { inodesTrusted, begin, signal: app.signal });
  const phase = app.progress.begin(preview === null ? "taking back" : "looking");
  for await (const batch of takeBack(undoer, journal, await adviceFor(app, work))) {
    if (preview === null) await record(app, { archive, inodesTrusted }, batch);
    else await preview({ ...batch, restored: [] });
    await list(app, work, batch.kept);
    tally.add(batch);
    phase.add({ files: batch.removed.length + batch.separated.length });
  }
  phase.end();
  await own?.end(app.signal.aborted ? "interrupted" : tally.totals().kept > 0 ? "incomplete" : "complete");
}

/** What was taken from a source comes back. */
async function undoReclaimed(app: App, { runId, undoes, archive, tally, preview }: Work): Promise<void> {
  if (preview === null) {
    await using held = await takeArchive(app, archive, "undo");
    tally.addRestored(await undoReclaim(app, { archive: held, run: undoes, runId }));
    return;
  }
  for await (const away of previewUndoReclaim(app, { archive, run: undoes })) {
    const bytes = away.reduce((sum, { size }) => sum + size, 0);
    tally.addRestored({ files: away.length, bytes, failed: 0 });
    await preview({ removed: [], separated: [], restored: away.map(({ from }) => from) });
  }
}

function record(
  app: App,
  { archive, inodesTrusted }: { readonly archive: Target; readonly inodesTrusted: boolean },
  { removed, separated, retimed }: UndoneBatch,
): Promise<void> {
  return recordUndone(
    app.db,
    { archiveId: archive.id, inodesTrusted },
    {
      removed: removed.map(({ path }) => path),
      separated: separated.flatMap(({ archived }) => archived ?? []),
      retimed,
    },
  );
}

/** Of one content so many files are tried before it counts as lost everywhere else. */
const copiesTried = 8;

/**
 * Where a content was copied from; then where the run saw it besides; then what else is known. Sources are looked for
 * where they lay then, and where they lie today.
 */
async function adviceFor(app: App, { journal: { begin }, session }: Work): Promise<UndoAdvice> {
  const then = new Map(begin?.sources.map(({ name, root }) => [name, root]));
  const today = await knownRoots(app.db);
  const pathsOf = ({ source, path }: Place) =>
    [then.get(source), today.get(source)].flatMap((root) => (root === undefined ? [] : [joinPath(root, path)]));
  return {
    async copiesOf(names) {
      const hashes = [...new Set(names.flatMap(({ hash }) => hash ?? []))];
      const told = await toldCopies(session, hashes, copiesTried);
      const known = await copiesInSources(app.db, hashes, copiesTried);
      return names.map(({ hash, from }) => [
        ...new Set([
          ...pathsOf(from),
          ...told.filter((copy) => copy.hash === hash).flatMap(pathsOf),
          ...known.flatMap((copy) => (copy.hash === hash ? copy.path : [])),
        ]),
      ]);
    },
  };
}

async function list(app: App, { archive, runId }: Work, kept: UndoneBatch["kept"]): Promise<void> {
  const problems = kept.map(({ path, code, message }) => {
    return { source: archive.name, path, code, message: message || describeTrouble(code) };
  });
  await addProblems(app.db, runId, problems);
}

class Tally {
  readonly #app: App;
  readonly #started: number;
  #totals = { removedFiles: 0, removedLinks: 0, removedBytes: 0, separated: 0, restored: 0, restoredBytes: 0, kept: 0 };

  constructor(app: App) {
    this.#app = app;
    this.#started = app.now().getTime();
  }

  add({ removed, separated, kept }: UndoneBatch): void {
    for (const { kind, freed } of removed) {
      if (kind === "copy") this.#totals.removedFiles++;
      else this.#totals.removedLinks++;
      this.#totals.removedBytes += freed;
    }
    this.#totals.separated += separated.length;
    this.#totals.kept += kept.length;
  }

  addRestored({ files, bytes, failed }: Pick<UndoReclaimTotals, "files" | "bytes" | "failed">): void {
    this.#totals.restored += files;
    this.#totals.restoredBytes += bytes;
    this.#totals.kept += failed;
  }

  totals(): UndoTotals {
    return { ...this.#totals, seconds: (this.#app.now().getTime() - this.#started) / 1000 };
  }
}

function cannotUndo(id: string, command: string): AppError {
  const hint =
    command === "undo" ? "Do the work of the run again instead: onefold run." : "See what it did: onefold history RUN.";
  return new AppError("CANNOT_UNDO", ExitCode.usage, `a run of ${command} cannot be taken back (${id})`, { hint });
}
