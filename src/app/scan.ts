import { archiveExchanged } from "../archive/errors.ts";
import type { JunkRule } from "../inventory/candidates.ts";
import { applyClaims } from "../inventory/claims.ts";
import type { DedicatedSession, Session } from "../inventory/database.ts";
import { type DuplicateTotals, duplicateTotals } from "../inventory/duplicates.ts";
import { addProblems } from "../inventory/problems.ts";
import {
  beginScan,
  countLost,
  findUnseen,
  markGone,
  mergeSeen,
  type SeenBatch,
  type SeenCounts,
  unseenFolders,
} from "../inventory/seen.ts";
import { scanBegun, sourceScanned } from "../inventory/sources.ts";
import { refreshStatistics } from "../inventory/statistics.ts";
import type { Problem } from "../model/operation.ts";
import { type WalkBatch, type WalkOptions, type WalkRules, walk } from "../sources/walk.ts";
import { ThreadSilent } from "../threads/pool.ts";
import { adoptStanding } from "./adopting.ts";
import type { App } from "./context.ts";
import { claimWithCzkawka } from "./czkawka.ts";
import { sourceShrank } from "./guards.ts";
import { findDuplicates } from "./hashing.ts";
import type { Phase } from "./progress.ts";
import type { Target, Targets } from "./targets.ts";
import { patienceSeconds } from "./threads.ts";
import { describeTrouble } from "./trouble.ts";
import { silence } from "./watch.ts";

/** What a scan found: counted over the sources; the archive only adds to what was read. */
export interface ScanTotals {
  readonly files: number;
  readonly bytes: number;
  readonly new: number;
  readonly changed: number;
  readonly unchanged: number;
  readonly missing: number;
  /** Bytes read from the contents of files. */
  readonly readBytes: number;
  readonly hashedFiles: number;
  /** Files and folders that could not be looked at or read. */
  readonly unreadable: number;
  readonly seconds: number;
}

export type Engine = "onefold" | "czkawka";

export interface ScanResult {
  readonly scan: ScanTotals;
  readonly duplicates: DuplicateTotals;
}

/** Rows that are merged in one go: enough to make the merge cheap, few enough to commit every few seconds. */
const rowsPerMerge = 20_000;

/**
 * Brings the inventory up to date with the disks, and finds which files are equal. Reads no more
 * than that takes. What it learned is committed as it goes: a scan that was killed goes on where it was.
 *
 * @param runId Where unreadable files are listed.
 * @param engine Who looks first for equal files; what it leaves out or claims wrongly is our own stages' to find.
 * @param junk Whether it is found out which files are equal to junk.
 * @throws AppError SOURCE_SHRANK; ARCHIVE_LOST. A source that is lost is left behind, and its watch tells.
 */
export async function scan(
  app: App,
  targets: Targets,
  runId: string,
  { engine = "onefold", junk = "left out" }: { readonly engine?: Engine; readonly junk?: JunkRule } = {},
): Promise<ScanResult> {
  const started = app.now().getTime();
  const everything = [...targets.sources, ...(targets.archive === null ? [] : [targets.archive])];
  const phase = app.progress.begin("looking through folders");
  const growth = new Growth(app);
  const seen = await Promise.all(everything.map((target) => scanTarget(app, target, { runId, phase, growth })));
  phase.end();
  const shrunk = seen.flatMap(({ shrunk: one }) => one ?? []);
  if (shrunk.length > 0) throw sourceShrank(shrunk);
  await growth.settle();
  const sourceCounts = seen.slice(0, targets.sources.length);
  if (engine === "czkawka" && !app.signal.aborted) await claimWithCzkawka(app, targets, runId);
  await applyClaims(
    app.db,
    targets.sources.map(({ id }) => id),
  );
  const hashed = await findDuplicates(app, targets, runId, junk);
  if (targets.archive !== null) await adoptStanding(app, targets.archive);
  const sum = (pick: (counts: TargetCounts) => number) =>
    sourceCounts.reduce((total, counts) => total + pick(counts), 0);
  return {
    scan: {
      files: sum((counts) => counts.files),
      bytes: sum((counts) => counts.bytes),
      new: sum((counts) => counts.new),
      changed: sum((counts) => counts.changed),
      unchanged: sum((counts) => counts.unchanged),
      missing: sum((counts) => counts.missing),
      readBytes: hashed.bytesRead,
      hashedFiles: hashed.files,
      unreadable: seen.reduce((total, counts) => total + counts.unreadable, hashed.unreadable),
      seconds: (app.now().getTime() - started) / 1000,
    },
    duplicates: await duplicateTotals(
      app.db,
      targets.sources.map(({ id }) => id),
    ),
  };
}

interface TargetCounts extends SeenCounts {
  readonly files: number;
  readonly bytes: number;
  readonly missing: number;
  readonly unreadable: number;
  /** It has lost so much that nothing of it counts as gone. */
  readonly shrunk: Shrunk | null;
}

/** Keeps the planner's statistics in step with tables that grow fast: after every doubling. */
class Growth {
  readonly #app: App;
  #added = 0;
  #next = 2_000;
  #stale = false;

  constructor(app: App) {
    this.#app = app;
  }

  async add(rows: number): Promise<void> {
    this.#added += rows;
    this.#stale ||= rows > 0;
    if (this.#added < this.#next) return;
    this.#next = this.#added * 2;
    this.#stale = false;
    await refreshStatistics(this.#app.db);
  }

  async settle(): Promise<void> {
    if (this.#stale) await refreshStatistics(this.#app.db);
  }
}

interface ScanContext {
  readonly runId: string;
  readonly phase: Phase;
  readonly growth: Growth;
}

/** Brings the files of one target up to date with the disk; reads none of them. */
export async function walkTarget(app: App, target: Target, runId: string): Promise<void> {
  const phase = app.progress.begin("looking through folders");
  const growth = new Growth(app);
  await scanTarget(app, target, { runId, phase, growth });
  phase.end();
  await growth.settle();
}

async function scanTarget(app: App, target: Target, { runId, phase, growth }: ScanContext): Promise<TargetCounts> {
  await using session = await app.db.session();
  await beginScan(session);
  await scanBegun(app.db, target.id);
  const total = { files: 0, bytes: 0, new: 0, changed: 0, unchanged: 0, missing: 0, unreadable: 0 };
  const junk = app.config.scan.excludeJunk ? "marked" : "ordinary";
  const rules = { root: target.root, exclude: target.exclude, inodes: target.inodes, junk } as const;
  const { watch } = target;
  const signal = AbortSignal.any([app.signal, watch.signal]);
  const options = { threads: walkThreads(app, target), signal, patienceSeconds: patienceSeconds(app, target) };
  for await (const merge of coalesce(unlessSilent(walk(rules, options), watch))) {
    // What was seen since somebody mounted something there is not the source's.
    if (!(await watch.isThere())) break;
    const counts = await mergeSeen(session, { sourceId: target.id, kind: target.kind }, merge);
    total.new += counts.new;
    total.changed += counts.changed;
    total.unchanged += counts.unchanged;
    total.files += merge.files;
    total.bytes += merge.bytes;
    total.unreadable += merge.problems.length;
    watch.count(merge.files + merge.problems.length);
    await addProblems(session, runId, (await watch.hear(merge.problems)).map(problemIn(target)));
    phase.add({ files: merge.files });
    await growth.add(counts.new);
  }
  if (!app.signal.aborted && total.unreadable === 0) {
    const again = await lookAgain(session, target, { rules, options });
    total.unreadable += again.length;
    await addProblems(session, runId, (await watch.hear(again)).map(problemIn(target)));
  }
  // What was not looked at may still be there: only a scan that saw everything makes a file count as gone. A share that
  // was unmounted meanwhile looks like an empty folder, without any error.
  const sawEverything = !app.signal.aborted && total.unreadable === 0 && (await watch.isThere());
  if (target.kind === "archive" && watch.lost !== null) throw archiveExchanged(target.root);
  if (!sawEverything) return { ...total, shrunk: null };
  let shrunk: Shrunk | null = null;
  const missing = await markGone(session, async (db, gone) => {
    shrunk = gone === 0 ? null : await shrinkage(db, target, total, gone);
    return shrunk === null;
  });
  if (missing === null) return { ...total, shrunk };
  await sourceScanned(app.db, target.id, target.mount);
  return { ...total, missing, shrunk: null };
}

/** The folder is gone, or something else has taken its place: so are its files. */
const goneCodes = ["ENOENT", "ENOTDIR"];

/**
 * Lists each folder again that misses files. A share that loses its server in the middle of a listing may end it without
 * an error: libc takes ENOENT for the end of a folder.
 *
 * @returns What could not be looked at.
 */
async function lookAgain(
  session: DedicatedSession,
  { id, kind, watch }: Target,
  { rules, options }: { readonly rules: WalkRules; readonly options: WalkOptions },
): Promise<WalkBatch["unreadable"]> {
  await findUnseen(session, id);
  const unreadable: WalkBatch["unreadable"][number][] = [];
  for (let after = 0; ; ) {
    const page = await unseenFolders(session, after);
    if (page.length === 0 || watch.signal.aborted) return unreadable;
    after = page.at(-1)?.id ?? after;
    const folders = page.map(({ path }) => path);
    for await (const merge of coalesce(unlessSilent(walk({ ...rules, folders }, options), watch))) {
      await mergeSeen(session, { sourceId: id, kind }, merge);
      unreadable.push(...merge.problems.filter(({ code }) => !goneCodes.includes(code)));
    }
  }
}

interface Shrunk {
  readonly name: Target["name"];
  /** Files of the last complete scan. */
  readonly known: number;
  readonly lost: number;
}

/** Below this a source may lose what it likes, but not everything: half of three files is no sign of anything. */
const fewFiles = 10;

async function shrinkage(db: Session, target: Target, seen: SeenCounts, gone: number): Promise<Shrunk | null> {
  const kept = seen.changed + seen.unchanged;
  if (target.mayShrink || gone <= kept) return null;
  const lost = await countLost(db, target.id);
  const known = lost + kept;
  const isShrunk = known >= fewFiles ? lost * 2 > known : lost > 0 && lost === known;
  return isShrunk ? { name: target.name, known, lost } : null;
}

/** A source that does not answer is lost, and its walk ends. */
async function* unlessSilent(
  batches: AsyncIterable<WalkBatch>,
  watch: Target["watch"],
): AsyncGenerator<WalkBatch, void, undefined> {
  try {
    yield* batches;
  } catch (error) {
    if (!(error instanceof ThreadSilent)) throw error;
    watch.lose(silence(error));
  }
}

function problemIn({ name }: Target): (unreadable: WalkBatch["unreadable"][number]) => Problem {
  return ({ path, code }) => ({ source: name, path, code, message: describeTrouble(code) });
}

/** Slow shares answer many questions at once no slower than one; a local disk gains from two threads at most. */
export function walkThreads(app: App, { remote }: Pick<Target, "remote">): number {
  const { threads } = app.config.scan;
  return threads > 0 ? threads : remote ? 8 : 2;
}

interface Merge extends SeenBatch {
  readonly files: number;
  readonly bytes: number;
  readonly problems: WalkBatch["unreadable"];
}

async function* coalesce(batches: AsyncIterable<WalkBatch>): AsyncGenerator<Merge, void, undefined> {
  let held: WalkBatch[] = [];
  let files = 0;
  for await (const batch of batches) {
    held.push(batch);
    files += batch.files;
    if (files < rowsPerMerge) continue;
    yield merged(held);
    held = [];
    files = 0;
  }
  if (held.length > 0) yield merged(held);
}

function merged(batches: readonly WalkBatch[]): Merge {
  return {
    folders: batches.flatMap(({ folders }) => folders),
    rows: batches.map(({ rows }) => rows),
    files: batches.reduce((sum, { files }) => sum + files, 0),
    bytes: batches.reduce((sum, { bytes }) => sum + bytes, 0),
    problems: batches.flatMap(({ unreadable }) => unreadable),
  };
}
