import { hashFiles } from "../hashing/hash.ts";
import {
  amountToRead,
  type CoveredTotals,
  concludeHere,
  countMissing,
  coveredTotals,
  type FolderTotals,
  findEntries,
  folderTotals,
  judgeByBytes,
  judgeByScan,
  judgeBySize,
  judgeByStanding,
  judgeEntries,
  missingFiles,
  neededEntries,
  noteStanding,
} from "../inventory/covered.ts";
import type { DedicatedSession } from "../inventory/database.ts";
import { addHere, beginHere, hereToRead, noteHashes, noteUnreadable } from "../inventory/here.ts";
import { addProblems } from "../inventory/problems.ts";
import { joinPath, type PathText } from "../model/path.ts";
import { lookAt } from "../sources/look.ts";
import { walk } from "../sources/walk.ts";
import { readArchive } from "./archive-reading.ts";
import type { App } from "./context.ts";
import { findGround, type Ground } from "./covered-ground.ts";
import { codesBeside, describeMissing, rotCodes } from "./covered-text.ts";
import { answered, findArchive, type Target } from "./targets.ts";
import { diskOf, hashThreads, patienceSeconds, walkThreads } from "./threads.ts";
import { withRun } from "./under-lock.ts";
import { loseIfSilent } from "./watch.ts";

/** Something that would be lost, or of which nobody can tell. */
export interface Missing {
  /** null: it lies in no source. */
  readonly source: string | null;
  /** Below the root of the source, or below the folder that was asked about. */
  readonly path: PathText;
  readonly code: string;
  readonly because: string;
  /** The entry that should hold its content. */
  readonly entry?: PathText;
}

/** The answer to "may I wipe it?". */
export interface Covered extends CoveredTotals {
  /** Every file is in the archive with the same content. */
  readonly covered: boolean;
  readonly source: string | null;
  /** Absolute; all paths are below it. */
  readonly root: PathText;
  /** What was asked about, below the root. */
  readonly below: PathText;
  readonly folders: readonly (Omit<FolderTotals, "name"> & { readonly path: PathText })[];
  /** Files whose content, or that of their entry, is not what was recorded. */
  readonly rotten: number;
  readonly recheck: boolean;
  readonly seconds: number;
  /** The run that `--recheck` is. */
  readonly run?: string;
  /** What is not covered, folder after folder. @param mostInFolder null: all */
  readonly missingFiles: (mostInFolder: number | null) => AsyncGenerator<readonly Missing[], void, undefined>;
}

/**
 * `onefold covered`: whether every file below a source, or any path, is in the archive with the same content. Looks at
 * the disks as they are now; changes nothing, not even what the last scan has noted.
 *
 * What the last scan saw, and is unchanged, is taken by its record; what no scan has seen of a known source is missing;
 * in a place where no scan has been every file is read. With `recheck` both sides are read, and that is remembered of
 * the entries.
 *
 * @param show Gets the answer while its tables are there.
 */
export async function covered(
  app: App,
  what: string,
  { recheck }: { readonly recheck: boolean },
  show: (answer: Covered) => Promise<void>,
): Promise<void> {
  const archive = await findArchive(app);
  const ground = await findGround(app, what, archive.root);
  if (!recheck) return answer(app, { archive, ground, runId: null }, show);
  await withRun(app, { command: "covered", archiveId: archive.id }, async (runId) => {
    let counted: object = {};
    await answer(app, { archive, ground, runId }, async (found) => {
      const { covered: isCovered, files, bytes, missing, rotten } = found;
      counted = { covered: { covered: isCovered, files, bytes, missing, rotten } };
      await show(found);
    });
    return counted;
  });
}

interface Work {
  readonly archive: Target;
  readonly ground: Ground;
  /** null: the archive is taken by its records, and its files are only looked at. */
  readonly runId: string | null;
}

async function answer(app: App, work: Work, show: (answer: Covered) => Promise<void>): Promise<void> {
  const { archive, ground, runId } = work;
  const started = app.now().getTime();
  await using session = await app.db.session();
  await answered(lookHere(app, session, ground), ground.root, "the folder");
  const trust = runId === null ? "records" : "bytes";
  const sourceId = ground.source?.id ?? null;
  if (sourceId === null) await judgeByBytes(session);
  else await judgeByScan(session, sourceId, trust);
  await judgeBySize(session, archive.id);
  await answered(readHere(app, session, ground), ground.root, "the folder");
  await findEntries(session, archive.id, trust);
  await lookAtEntries(app, session, archive);
  if (runId !== null) await readEntries(app, session, { archive, runId });
  await concludeHere(session, ground.start.folder);
  app.signal.throwIfAborted();
  const totals = await coveredTotals(session);
  const { root, start, source } = ground;
  await show({
    covered: totals.missing === 0,
    source: source?.name ?? null,
    root,
    below: joinPath(start.folder, start.only ?? ""),
    ...totals,
    folders: (await folderTotals(session)).map(({ name, ...folder }) => ({
      path: joinPath(start.folder, name),
      ...folder,
    })),
    rotten: await countMissing(session, rotCodes),
    recheck: runId !== null,
    seconds: (app.now().getTime() - started) / 1000,
    ...(runId === null ? {} : { run: runId }),
    missingFiles: (mostInFolder) => listMissing(session, ground, mostInFolder),
  });
}

async function lookHere(app: App, session: DedicatedSession, ground: Ground): Promise<void> {
  await beginHere(session);
  const phase = app.progress.begin("looking through folders");
  const { root, exclude, start } = ground;
  const junk = app.config.scan.excludeJunk ? "marked" : "ordinary";
  const rules = { root, exclude, start, junk, inodes: "exact", passedOver: "told" } as const;
  const options = {
    threads: walkThreads(app, ground),
    signal: app.signal,
    patienceSeconds: patienceSeconds(app, ground),
  };
  for await (const batch of walk(rules, options)) {
    const passedOver = batch.passedOver.map(({ path, kind }) => ({ path, code: codesBeside[kind] }));
    await addHere(session, { ...batch, beside: [...batch.unreadable, ...passedOver] });
    phase.add({ files: batch.files });
  }
  phase.end();
  app.signal.throwIfAborted();
}

async function readHere(app: App, session: DedicatedSession, ground: Ground): Promise<void> {
  const phase = app.progress.begin("reading files", await amountToRead(session));
  const how = { depth: "whole", threads: hashThreads(app, ground), disk: diskOf(ground), signal: app.signal } as const;
  const options = { ...how, patienceSeconds: patienceSeconds(app, ground) };
  await session.transaction(async (db) => {
    for await (const batch of hashFiles(absolute(hereToRead(db), ground.root), options)) {
      await noteHashes(db, [batch.rows]);
      if (batch.unreadable.length > 0) await noteUnreadable(db, batch.unreadable);
      phase.add({ files: batch.files, bytes: batch.bytesRead });
    }
  });
  phase.end();
  app.signal.throwIfAborted();
}

async function lookAtEntries(app: App, session: DedicatedSession, archive: Target): Promise<void> {
  const options = {
    threads: walkThreads(app, archive),
    signal: app.signal,
    patienceSeconds: patienceSeconds(app, archive),
  };
  try {
    await session.transaction(async (db) => {
      const entries = absolute(neededEntries(db), archive.root);
      for await (const rows of lookAt(entries, options)) await noteStanding(db, rows);
    });
  } catch (error) {
    loseIfSilent(archive, error);
  }
  app.signal.throwIfAborted();
  await judgeByStanding(session);
}

async function readEntries(
  app: App,
  session: DedicatedSession,
  { archive, runId }: { readonly archive: Target; readonly runId: string },
): Promise<void> {
  await using writing = await app.db.session();
  const phase = app.progress.begin("reading the archive");
  await session.transaction(async (db) => {
    for await (const batch of readArchive(app, writing, archive, { files: neededEntries(db), runId })) {
      const problems = batch.findings.map(({ path, code, message }) => ({ source: archive.name, path, code, message }));
      await addProblems(app.db, runId, problems);
      if (batch.findings.length > 0) await judgeEntries(db, batch.findings);
      phase.add(batch);
    }
  });
  phase.end();
  app.signal.throwIfAborted();
}

async function* absolute<File extends { readonly path: PathText }>(
  files: AsyncIterable<readonly File[]>,
  root: PathText,
): AsyncGenerator<readonly File[], void, undefined> {
  for await (const some of files) yield some.map((file) => ({ ...file, path: joinPath(root, file.path) }));
}

async function* listMissing(
  session: DedicatedSession,
  { source }: Ground,
  mostInFolder: number | null,
): AsyncGenerator<readonly Missing[], void, undefined> {
  for await (const batch of missingFiles(session, mostInFolder)) {
    yield batch.map(({ path, code, entry }) => {
      const because = describeMissing(code, entry);
      return { source: source?.name ?? null, path, code, because, ...(entry === null ? {} : { entry }) };
    });
  }
}
