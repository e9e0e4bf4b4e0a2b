import { type HashTask, hashFiles } from "../hashing/hash.ts";
import {
  beginHashing,
  type Candidate,
  filesOfSharedSize,
  findTies,
  type JunkRule,
  tiedFiles,
} from "../inventory/candidates.ts";
import { relaxCommits } from "../inventory/commits.ts";
import type { Session } from "../inventory/database.ts";
import { placesOf } from "../inventory/files.ts";
import { recordHashes, shareAmongHardLinks } from "../inventory/hashes.ts";
import { addProblems } from "../inventory/problems.ts";
import { joinPath } from "../model/path.ts";
import { Serial } from "../threads/serial.ts";
import type { App } from "./context.ts";
import type { Phase } from "./progress.ts";
import type { Target, Targets } from "./targets.ts";
import { hashThreads } from "./threads.ts";
import { describeTrouble } from "./trouble.ts";

interface Found {
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
  const sourceIds = targets.sources.map(({ id }) => id);
  const found: Found = { files: 0, bytesRead: 0, unreadable: 0 };
  await using asking = await app.db.session();
  await using writing = await app.db.session();
  await relaxCommits(writing);
  await beginHashing(asking, targets.archive?.id ?? null, { sourceIds, junk });
  const writes = new Serial();
  const write = (rows: readonly Uint8Array[]) => writes.run(() => writing.transaction((db) => recordHashes(db, rows)));
  const stage = async (name: string, depth: "ends" | "whole", candidatesOf: typeof tiedFiles) => {
    if (app.signal.aborted) return;
    const phase = app.progress.begin(name);
    await asking.transaction(async (db) => {
      await Promise.all(
        all.map((target) => hashTarget(app, { db, write, target, depth, runId, candidatesOf, phase, found })),
      );
    });
    phase.end();
    // In the archive every file has several names, too; an inventory that was lost knows of none.
    await shareAmongHardLinks(
      writing,
      all.map(({ id }) => id),
    );
  };
  await stage("comparing beginnings and ends", "ends", filesOfSharedSize);
  await findTies(
    asking,
    all.map(({ id }) => id),
  );
  await stage("comparing whole files", "whole", tiedFiles);
  return found;
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

/** Results are written this many at a time. */
const filesPerWrite = 4_000;

async function hashTarget(app: App, stage: Stage): Promise<void> {
  const { target, found } = stage;
  const tasks = tasksOf(stage.candidatesOf(stage.db, target.id), target);
  const options = { depth: stage.depth, threads: hashThreads(app, target), signal: app.signal };
  let rows: Uint8Array[] = [];
  let waiting = 0;
  const write = async () => {
    const now = rows;
    rows = [];
    waiting = 0;
    if (now.length > 0) await stage.write(now);
  };
  for await (const batch of hashFiles(tasks, options)) {
    found.files += batch.files;
    found.bytesRead += batch.bytesRead;
    found.unreadable += batch.unreadable.length;
    rows.push(batch.rows);
    waiting += batch.files;
    stage.phase.add({ files: batch.files, bytes: batch.bytesRead });
    if (batch.unreadable.length > 0) await listUnreadable(app, stage, batch.unreadable);
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
