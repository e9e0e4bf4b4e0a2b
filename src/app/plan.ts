import { readSpace } from "../archive/space.ts";
import { hashFiles } from "../hashing/hash.ts";
import type { DedicatedSession, Session } from "../inventory/database.ts";
import { placesOf } from "../inventory/files.ts";
import { recordHashes } from "../inventory/hashes.ts";
import { findMirrorObstacles } from "../inventory/mirror-obstacles.ts";
import { findNewcomers } from "../inventory/newcomers.ts";
import {
  entryTotals,
  type FileRow,
  junkFiles,
  type MirrorRow,
  mirrors,
  type NewEntryRow,
  newEntries,
} from "../inventory/operations.ts";
import { addProblems } from "../inventory/problems.ts";
import type { CopyOperation, LinkOperation, Operation, SourceFile } from "../model/operation.ts";
import { joinPath } from "../model/path.ts";
import type { App } from "./context.ts";
import { readNewEvidence, tieCompanions, type Unread } from "./dating.ts";
import { decide } from "./deciding.ts";
import { mirrorPaths } from "./mirroring.ts";
import { settlePlaces } from "./settling.ts";
import type { Target } from "./targets.ts";
import { diskOf, patienceSeconds } from "./threads.ts";
import { describeTrouble } from "./trouble.ts";
import { loseIfSilent } from "./watch.ts";

type Step = CopyOperation | LinkOperation;

/** Room in the archive, in bytes. */
export interface Room {
  readonly free: number;
  /** What must stay free. */
  readonly reserve: number;
  readonly enough: boolean;
}

export interface PlanTotals {
  readonly copyFiles: number;
  readonly copyBytes: number;
  readonly linkFiles: number;
  /** Files of the sources whose content the archive held before. */
  readonly alreadyArchived: number;
  /** Photos and videos that are dated without their metadata, since exiftool could not be asked; absent if none. */
  readonly metadataUnread?: Unread;
}

/** A plan lives in the tables of its session; its operations are read from there as a stream. */
export interface Plan extends AsyncDisposable {
  readonly session: DedicatedSession;
  readonly sources: readonly Target[];
  readonly archive: Target;
  readonly bySource: boolean;
  readonly totals: PlanTotals;
  readonly room: Room;
  /** Bytes read from the contents of files in order to make it. */
  readonly readBytes: number;
}

/**
 * Works out what brings every content of the sources into the archive, from the inventory and
 * from the metadata of photos. The same inventory gives the same plan. Changes no file.
 *
 * Sources that are lost have no part in it: a content that another source has, too, is archived from there.
 */
export async function makePlan(
  app: App,
  { sources, archive }: { readonly sources: readonly Target[]; readonly archive: Target },
  runId: string,
): Promise<Plan> {
  let readBytes = 0;
  for (;;) {
    const left = sources.filter(({ watch }) => watch.lost === null);
    const plan = await planFrom(app, { sources: left, archive }, runId);
    readBytes += plan.readBytes;
    if (!left.some(({ watch }) => watch.lost !== null)) return { ...plan, readBytes };
    // Photos that could not be looked at would be dated by less than is known of them.
    await plan[Symbol.asyncDispose]();
  }
}

async function planFrom(
  app: App,
  { sources, archive }: { readonly sources: readonly Target[]; readonly archive: Target },
  runId: string,
): Promise<Plan> {
  const session = await app.db.session();
  try {
    const { alreadyArchived } = await findNewcomers(session, archive.id, sources);
    const dated = await readNewEvidence(app, session, sources, runId);
    await tieCompanions(app, session);
    await decide(app, session, archive);
    const hashed = { bytes: 0 };
    await settlePlaces(app, session, archive, (id) => hashOne(app, sources, id, runId, hashed));
    const { bySource } = app.config.archive;
    const entries = await entryTotals(session, archive.id);
    await findMirrorObstacles(session, archive.id);
    const links = bySource ? await countLinks(session, archive) : 0;
    const metadataUnread = dated.unread === null ? {} : { metadataUnread: dated.unread };
    const { free, reserve } = await readSpace(archive.root);
    const room = { free, reserve, enough: entries.copyBytes === 0 || entries.copyBytes + reserve <= free };
    const totals = { ...entries, linkFiles: entries.linkFiles + links, alreadyArchived, ...metadataUnread };
    const readBytes = dated.bytesRead + hashed.bytes;
    const dispose = () => session[Symbol.asyncDispose]();
    return { session, sources, archive, bySource, totals, room, readBytes, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await session[Symbol.asyncDispose]();
    throw error;
  }
}

/** The operations that make new entries from the files of one source: mostly copies. In folder order. */
export async function* entryOperations(
  session: Session,
  { sources, archive }: Plan,
  source: Target,
): AsyncGenerator<Step[]> {
  const roots = rootsOf(sources);
  for await (const batch of newEntries(session, archive.id, source.id)) {
    yield batch.map((row) => entryOperation(row, roots));
  }
}

/**
 * The operations that give every file its link below by-source/.
 *
 * @param entries Whether entries that the plan only promises count ("planned"), or only those that are there ("placed").
 */
export async function* linkOperations(
  session: Session,
  { sources, archive, bySource }: Plan,
  entries: "planned" | "placed",
): AsyncGenerator<LinkOperation[]> {
  if (!bySource) return;
  const roots = rootsOf(sources);
  for await (const batch of mirrors(session, archive.id, "missing")) {
    // A claim that could not be verified is no reason to link anything.
    const rows = batch.filter(({ entryExists, hash }) => (entryExists && hash !== null) || entries === "planned");
    yield await linksFor(session, archive, rows, roots);
  }
}

/** Everything, for people to read: entries, links, and the files that need nothing. */
export async function* allOperations(plan: Plan): AsyncGenerator<Operation[]> {
  for (const source of plan.sources) yield* entryOperations(plan.session, plan, source);
  yield* linkOperations(plan.session, plan, "planned");
  const roots = rootsOf(plan.sources);
  for await (const batch of mirrors(plan.session, plan.archive.id, plan.bySource ? "linked" : "archived")) {
    yield batch.map((row) => ({
      do: "skip",
      from: fileOf(row, roots),
      hash: row.hash,
      to: row.entry,
      because: "already archived",
    }));
  }
  for await (const batch of junkFiles(plan.session)) {
    yield batch.map((row) => ({ do: "skip", from: fileOf(row, roots), hash: row.hash, to: null, because: "junk" }));
  }
}

async function countLinks(session: DedicatedSession, archive: Target): Promise<number> {
  let links = 0;
  const roots: ReadonlyMap<string, Target> = new Map();
  for await (const batch of mirrors(session, archive.id, "missing")) {
    links += (await linksFor(session, archive, batch, roots)).length;
  }
  return links;
}

async function linksFor(
  session: Session,
  archive: Target,
  rows: readonly MirrorRow[],
  roots: ReadonlyMap<string, Target>,
): Promise<LinkOperation[]> {
  const paths = await mirrorPaths(session, archive.id, rows);
  return rows.flatMap((row, n) => {
    const to = paths[n];
    if (to === null || to === undefined) return [];
    const because = "its own path in its source";
    return [{ do: "link", from: fileOf(row, roots), hash: row.hash, existing: row.entry, to, because } as const];
  });
}

function entryOperation(row: NewEntryRow, roots: ReadonlyMap<string, Target>): Step {
  const { hash, to, existing, captured } = row;
  const because = row.placedBecause === "free" ? row.because : `${row.because}; ${row.placedBecause}`;
  const from = fileOf(row, roots);
  if (existing !== null)
    return { do: "link", from, hash, existing, to, because: "the archive holds it under another path" };
  const at = captured?.at ?? null;
  return {
    do: "copy",
    from,
    hash,
    to,
    because,
    ...(at === null || captured === null ? {} : { captured: { at, from: captured.from } }),
  };
}

export function rootsOf(sources: readonly Target[]): ReadonlyMap<string, Target> {
  return new Map(sources.map((source) => [source.name, source]));
}

export function fileOf(row: FileRow, roots: ReadonlyMap<string, Target>): SourceFile {
  const { id, source, path, size, modified, changed } = row;
  return { id, source, path, size, modified, changed, root: roots.get(source)?.root ?? joinPath() };
}

/** Reads one file whose name in the archive needs its hash. A file that cannot be read is listed, and gets no place. */
async function hashOne(
  app: App,
  sources: readonly Target[],
  id: number,
  runId: string,
  hashed: { bytes: number },
): Promise<void> {
  const [file] = await placesOf(app.db, [id]);
  const source = sources.find(({ id: sourceId }) => sourceId === file?.sourceId);
  if (file === undefined || source === undefined || source.watch.lost !== null) return;
  const { watch } = source;
  const task = { id, path: joinPath(source.root, file.path), size: file.size, modified: file.modified };
  const tasks = (async function* () {
    yield [task];
  })();
  const signal = AbortSignal.any([app.signal, watch.signal]);
  const options = {
    depth: "whole",
    threads: 1,
    disk: diskOf(source),
    signal,
    patienceSeconds: patienceSeconds(app, source),
  } as const;
  try {
    for await (const batch of hashFiles(tasks, options)) {
      hashed.bytes += batch.bytesRead;
      await app.db.transaction((db) => recordHashes(db, [batch.rows]));
      const problems = (await watch.hear(batch.unreadable)).map(({ code }) => {
        return { source: source.name, path: file.path, code, message: describeTrouble(code) };
      });
      await addProblems(app.db, runId, problems);
    }
  } catch (error) {
    loseIfSilent(source, error);
  }
}
