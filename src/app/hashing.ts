import { archiveExchanged } from "../archive/errors.ts";
import { type HashTask, hashFiles } from "../hashing/hash.ts";
import {
  beginHashing,
  beginReading,
  type Candidate,
  claimedFiles,
  filesOfSharedSize,
  findTies,
  type JunkRule,
  tiedFiles,
  unreadFiles,
} from "../inventory/candidates.ts";
import { relaxCommits } from "../inventory/commits.ts";
import type { DedicatedSession, Session } from "../inventory/database.ts";
import { placesOf } from "../inventory/files.ts";
import { recordHashes, shareAmongHardLinks } from "../inventory/hashes.ts";
import { addProblems } from "../inventory/problems.ts";
import { refreshHashStatistics } from "../inventory/statistics.ts";
import { joinPath } from "../model/path.ts";
import { Serial } from "../threads/serial.ts";
import type { App } from "./context.ts";
import type { Phase } from "./progress.ts";
import type { Target, Targets } from "./targets.ts";
import { diskOf, hashThreads, patienceSeconds } from "./threads.ts";
import { describeTrouble } from "./trouble.ts";
import { loseIfSilent } from "./watch.ts";

/** What reading came to. */
export interface Found {
  files: number;
  bytesRead: number;
  unreadable: number;
}

/**
 * Reads what it takes to know which files are equal: of the files whose size stands more than
 * once over all sources and the archive the ends, of those still tied the whole content.
 */
export async function findDuplicates(app: App, targets: Targets, runId: string, junk: JunkRule): Promise<Found> {
  const all = [...targets.sources, ...(targets.archive === null ? [] : [targets.archive])];
  const allIds = all.map(({ id }) => id);
  const sourceIds = targets.sources.map(({ id }) => id);
  const found = nothing();
  await using asking = await app.db.session();
  await using writing = await app.db.session();
  await relaxCommits(writing);
  await beginHashing(asking, targets.archive?.id ?? null, { sourceIds, junk });
  const stages = { asking, writing, targets: all, runId, found };
  await carryOut(app, stages, {
    name: "comparing beginnings and ends",
    depth: "ends",
    candidatesOf: filesOfSharedSize,
  });
  if (found.files > filesPerWrite) await refreshHashStatistics(app.db);
  await findTies(asking, allIds);
  await carryOut(app, stages, { name: "comparing whole files", depth: "whole", candidatesOf: tiedFiles });
  return found;
}

/** Reads every file of the sources whose hash only another program has told: from then on it is our own. */
export async function verifyClaims(app: App, sources: readonly Target[], runId: string): Promise<Found> {
  const found = nothing();
  await using asking = await app.db.session();
  await using writing = await app.db.session();
  await beginReading(asking, "left out");
  const stages = { asking, writing, targets: sources, runId, found };
  await carryOut(app, stages, { name: "verifying claims", depth: "whole", candidatesOf: claimedFiles });
  return found;
}

/** Reads every file of the archive whose content is not known, one name of each. */
export async function readUnknown(app: App, archive: Target, runId: string): Promise<Found> {
  const found = nothing();
  await using asking = await app.db.session();
  await using writing = await app.db.session();
  await beginReading(asking, "compared");
  const stages = { asking, writing, targets: [archive], runId, found };
  await carryOut(app, stages, { name: "reading the archive", depth: "whole", candidatesOf: unreadFiles });
  return found;
}

function nothing(): Found {
  return { files: 0, bytesRead: 0, unreadable: 0 };
}

/** What the stages of one job have in common. */
interface Stages {
  readonly asking: DedicatedSession;
  readonly writing: DedicatedSession;
  readonly targets: readonly Target[];
  readonly runId: string;
  readonly found: Found;
}

interface StageRules {
  /** For people. */
  readonly name: string;
  readonly depth: "ends" | "whole";
  readonly candidatesOf: typeof tiedFiles;
}

async function carryOut(app: App, stages: Stages, { name, ...rules }: StageRules): Promise<void> {
  if (app.signal.aborted) return;
  const { asking, writing, targets, runId, found } = stages;
  const phase = app.progress.begin(name);
  const writes = new Serial();
  const write = (rows: readonly Uint8Array[]) => writes.run(() => writing.transaction((db) => recordHashes(db, rows)));
  await asking.transaction(async (db) => {
    await Promise.all(targets.map((target) => hashTarget(app, { ...rules, db, write, target, runId, phase, found })));
  });
  phase.end();
  // In the archive every file has several names, too; an inventory that was lost knows of none.
  await shareAmongHardLinks(
    writing,
    targets.map(({ id }) => id),
  );
}

interface Stage {
  readonly db: Session;
  /** Records rows; one call after the other. */
  readonly write: (rows: readonly Uint8Array[]) => Promise<void>;
  readonly target: Target;
  readonly depth: "ends" | "whole";
  readonly runId: string;
  readonly candidatesOf: typeof tiedFiles;
  readonly phase: Phase;
  readonly found: Found;
}

/** Results are written this many at a time: with more of them the last ones are waited for when all is read. */
const filesPerWrite = 1_000;

async function hashTarget(app: App, stage: Stage): Promise<void> {
  const { target } = stage;
  const { watch } = target;
  if (watch.lost !== null) return;
  try {
    await hashAll(app, stage);
  } catch (error) {
    loseIfSilent(target, error);
  }
  if (target.kind === "archive" && watch.lost !== null) throw archiveExchanged(target.root);
}

async function hashAll(app: App, stage: Stage): Promise<void> {
  const { target, found } = stage;
  const { watch } = target;
  const tasks = tasksOf(stage.candidatesOf(stage.db, target.id), target);
  const signal = AbortSignal.any([app.signal, watch.signal]);
  const patience = patienceSeconds(app, target);
  const options = {
    depth: stage.depth,
    threads: hashThreads(app, target),
    disk: diskOf(target),
    signal,
    patienceSeconds: patience,
  };
  let rows: Uint8Array[] = [];
  let waiting = 0;
  const write = async () => {
    const now = rows;
    rows = [];
    waiting = 0;
    if (now.length > 0 && (await watch.isThere())) await stage.write(now);
  };
  for await (const batch of hashFiles(tasks, options)) {
    found.files += batch.files;
    found.bytesRead += batch.bytesRead;
    found.unreadable += batch.unreadable.length;
    rows.push(batch.rows);
    waiting += batch.files;
    stage.phase.add({ files: batch.files, bytes: batch.bytesRead });
    watch.count(batch.files + batch.unreadable.length);
    const listed = await watch.hear(batch.unreadable);
    if (listed.length > 0) await listUnreadable(app, stage, listed);
    if (waiting >= filesPerWrite) await write();
  }
  await write();
}

async function* tasksOf(
  candidates: AsyncIterable<readonly Candidate[]>,
  { root }: Target,
): AsyncGenerator<readonly HashTask[]> {
  for await (const batch of candidates) {
    yield batch.map(({ id, path, size, modified }) => ({ id, path: joinPath(root, path), size, modified }));
  }
}

async function listUnreadable(
  app: App,
  { target, runId }: Stage,
  unreadable: readonly { readonly id: number; readonly code: string }[],
): Promise<void> {
  const codes = new Map(unreadable.map(({ id, code }) => [id, code]));
  const places = await placesOf(app.db, [...codes.keys()]);
  const problems = places.map(({ id, path }) => {
    const code = codes.get(id) ?? "";
    return { source: target.name, path, code, message: describeTrouble(code) };
  });
  await addProblems(app.db, runId, problems);
}
