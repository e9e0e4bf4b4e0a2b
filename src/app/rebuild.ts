import { flushJournal, flushUnfinished } from "../archive/flush-standing.ts";
import { journalBatches } from "../archive/journal-batches.ts";
import type { IntendedOperation } from "../archive/journal-records.ts";
import { type ListedJournal, listJournals } from "../archive/list-journals.ts";
import { readMarker } from "../archive/marker.ts";
import type { DedicatedSession } from "../inventory/database.ts";
import { shareAmongHardLinks } from "../inventory/hashes.ts";
import { makeIndexes } from "../inventory/late-indexes.ts";
import { addOrigins, beginOrigins, mergeOrigins } from "../inventory/origins.ts";
import { addProblems } from "../inventory/problems.ts";
import {
  addRuns,
  addSources,
  addTold,
  beginTold,
  countEntries,
  mergeTold,
  type ToldRun,
  type ToldTime,
} from "../inventory/rebuild.ts";
import type { RunStatus } from "../inventory/runs.ts";
import { AppError, ExitCode } from "../model/errors.ts";
import type { SourceName } from "../model/file.ts";
import type { PathText } from "../model/path.ts";
import type { EpochNs } from "../model/time.ts";
import { adoptStanding } from "./adopting.ts";
import type { App } from "./context.ts";
import { readUnknown } from "./hashing.ts";
import { recallRuns } from "./recall.ts";
import { findArchive, type Target } from "./targets.ts";
import { toldBy } from "./told.ts";
import { type Outcome, withRun } from "./under-lock.ts";
import { walkTargets } from "./walking.ts";

export interface RebuildTotals {
  readonly journals: number;
  /** Files of the archive whose content is known now. */
  readonly files: number;
  readonly entries: number;
  /** Files of the sources whose content is known by the journals. */
  readonly origins: number;
  /** Runs that the database did not know. */
  readonly runs: number;
  /** From the archive. */
  readonly readBytes: number;
  readonly seconds: number;
}

export interface RebuildParts {
  readonly rebuild: RebuildTotals;
}

export interface RebuildOptions {
  /** Read every file of the archive whose content the database does not know, instead of believing the journals. */
  readonly read: boolean;
  /** Of a damaged journal take what stands before the damage. */
  readonly skipDamaged: boolean;
}

/**
 * `onefold database rebuild`: fills the inventory from what the archive tells about itself: its files as they stand, its
 * journals. What the database knows already stays, so that it may be repeated.
 *
 * @throws AppError NO_ARCHIVE; NO_JOURNALS if the folder is no archive; JOURNAL_DAMAGED
 */
export async function rebuildCommand(app: App, options: RebuildOptions): Promise<Outcome<RebuildParts>> {
  const archive = await findArchive(app);
  const marker = await readMarker(archive.root);
  if (marker === null) throw noJournals(archive.root);
  return withRun(app, { command: "rebuild", archiveId: archive.id }, async (runId) => {
    await recallRuns(app, archive);
    return { rebuild: await rebuild(app, { archive, markerId: marker.id, runId, ...options }) };
  });
}

interface Work extends RebuildOptions {
  readonly archive: Target;
  readonly markerId: string;
  readonly runId: string;
}

async function rebuild(app: App, work: Work): Promise<RebuildTotals> {
  const { archive, runId, read } = work;
  const started = app.now().getTime();
  await using session = await app.db.session();
  await beginTold(session);
  await beginOrigins(session);
  // First, so that a damaged journal is found out before anything is changed.
  const { journals, runs } = await collect(app, work, session);
  await walkTargets(app, [archive], runId, "empty files");
  await makeIndexes(app.db);
  const { bytesRead } = read ? await readUnknown(app, archive, runId) : { bytesRead: 0 };
  if (app.signal.aborted) throw app.signal.reason;
  await addSources(app.db, latestRoots(journals));
  const { files, different } = await mergeTold(session, archive.id);
  const message = "holds other bytes than the run left, though its size and time are as they were";
  const alarms = different.map(({ path }) => ({ source: archive.name, path, code: "CONTENT_DIFFERS", message }));
  await addProblems(app.db, runId, alarms);
  await shareAmongHardLinks(app.db, [archive.id]);
  await adoptStanding(app, archive);
  const origins = await mergeOrigins(session);
  return {
    journals: journals.length,
    files,
    entries: await countEntries(app.db, archive.id),
    origins,
    runs: await addRuns(app.db, archive.id, runs),
    readBytes: bytesRead,
    seconds: (app.now().getTime() - started) / 1000,
  };
}

async function collect(
  app: App,
  { archive, markerId, runId, skipDamaged }: Work,
  session: DedicatedSession,
): Promise<{ journals: ListedJournal[]; runs: ToldRun[] }> {
  const damaged = async (error: unknown) => {
    if (!(error instanceof AppError) || !skipDamaged) throw error;
    app.progress.note(error.message);
  };
  const listed = await listJournals(archive.root, (error) => {
    if (!skipDamaged) throw error;
    app.progress.note(error.message);
  });
  const journals = listed.filter(({ begin }) => begin.archive === markerId);
  const strangers = listed.filter(({ begin }) => begin.archive !== markerId);
  const message = "is the journal of another archive";
  await addProblems(
    app.db,
    runId,
    strangers.map(({ begin }) => {
      const path = `.onefold/journal/${begin.run}.jsonl` as PathText;
      return { source: archive.name, path, code: "JOURNAL_OF_OTHER_ARCHIVE", message };
    }),
  );
  const runs: ToldRun[] = [];
  const phase = app.progress.begin("reading journals", { files: journals.length, bytes: 0 });
  for (const journal of journals) {
    const status: { end: string | null } = { end: null };
    await collectOne(session, { archive, journal, status }).catch(damaged);
    runs.push(runOf(journal, status.end));
    phase.add({ files: 1 });
    if (app.signal.aborted) throw app.signal.reason;
  }
  phase.end();
  return { journals, runs };
}

interface Collecting {
  readonly archive: Target;
  readonly journal: ListedJournal;
  /** Gets the words of its last line. */
  readonly status: { end: string | null };
}

async function collectOne(session: DedicatedSession, { archive, journal, status }: Collecting): Promise<void> {
  const { path, begin } = journal;
  await flushJournal(archive.root, begin.run);
  for await (const part of journalBatches(path)) {
    if (part.do === "end") status.end = part.status;
    if (part.do !== "batch") continue;
    await flushUnfinished(archive.root, part);
    const { files, origins } = toldBy(part, begin);
    const rows = files.map((file) => ({ ...file, inode: archive.inodes === "all" ? file.inode : null }));
    await addTold(session, rows, part.operations.flatMap(timesOf));
    await addOrigins(session, origins);
  }
}

/** Files that a relinking run kept may have the time of another, and may have got their own back since. */
function timesOf(operation: IntendedOperation): ToldTime[] {
  if (operation.do !== "relink" && operation.do !== "separate") return [];
  const { before, kept } = operation;
  const times = [before.mtimeNs, kept.mtimeNs].map((time) => BigInt(time) as EpochNs);
  return times.map((modified) => ({ inode: BigInt(kept.inode), modified }));
}

function runOf({ begin, writtenAt }: ListedJournal, end: string | null): ToldRun {
  const known: readonly RunStatus[] = ["complete", "incomplete", "interrupted", "failed"];
  const status = end === null ? "interrupted" : (known.find((one) => one === end) ?? "incomplete");
  return {
    id: begin.run,
    // Journals that were written before they named their command are those of runs.
    command: begin.command ?? "run",
    startedAt: new Date(begin.at),
    endedAt: end === null ? null : writtenAt,
    status,
  };
}

function latestRoots(journals: readonly ListedJournal[]): Map<SourceName, PathText> {
  return new Map(journals.flatMap(({ begin }) => begin.sources.map(({ name, root }) => [name, root] as const)));
}

function noJournals(root: PathText): AppError {
  return new AppError("NO_JOURNALS", ExitCode.usage, `${root} is no archive that onefold has written to`, {
    hint: "Name the folder that .onefold/archive.json lies in.",
  });
}
