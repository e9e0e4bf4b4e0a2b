import { archiveExchanged } from "../archive/errors.ts";
import type { DedicatedSession, Session } from "../inventory/database.ts";
import { findUnseen, markGone, unseenFolders } from "../inventory/gone.ts";
import { postponeIndexes } from "../inventory/late-indexes.ts";
import { addProblems } from "../inventory/problems.ts";
import { beginScan, firstFolderOf, type Look, mergeSeen } from "../inventory/seen.ts";
import { isUnseen, scanBegun, sourceScanned } from "../inventory/sources.ts";
import type { Problem } from "../model/operation.ts";
import { type WalkBatch, type WalkOptions, type WalkRules, walk } from "../sources/walk.ts";
import type { App } from "./context.ts";
import { Growth } from "./growth.ts";
import { sourceShrank } from "./guards.ts";
import type { Phase } from "./progress.ts";
import { type Shrunk, shrinkage } from "./shrinkage.ts";
import type { Target } from "./targets.ts";
import { patienceSeconds, walkThreads } from "./threads.ts";
import { describeTrouble } from "./trouble.ts";
import { inParts } from "./walk-parts.ts";
import { loseIfSilent } from "./watch.ts";

/** What one target shows now, each file counted once. */
export interface TargetCounts {
  readonly files: number;
  readonly bytes: number;
  readonly new: number;
  readonly changed: number;
  readonly unchanged: number;
  readonly missing: number;
  /** Files and folders that could not be looked at. */
  readonly unreadable: number;
  /** What was read on the way; see {@link WalkReading}. */
  readonly read: { readonly files: number; readonly bytes: number };
}

const noCounts: TargetCounts = {
  ...{ files: 0, bytes: 0, new: 0, changed: 0, unchanged: 0, missing: 0, unreadable: 0 },
  read: { files: 0, bytes: 0 },
};

export function sumOf(all: readonly TargetCounts[]): TargetCounts {
  return all.reduce(plus, noCounts);
}

function plus(a: TargetCounts, b: TargetCounts): TargetCounts {
  return {
    files: a.files + b.files,
    bytes: a.bytes + b.bytes,
    new: a.new + b.new,
    changed: a.changed + b.changed,
    unchanged: a.unchanged + b.unchanged,
    missing: a.missing + b.missing,
    unreadable: a.unreadable + b.unreadable,
    read: { files: a.read.files + b.read.files, bytes: a.read.bytes + b.read.bytes },
  };
}

/** See {@link WalkRules.reading}; small files are read of sources only that are new and not over a network. */
export type WalkReading = NonNullable<WalkRules["reading"]>;

/**
 * Brings the files of sources and the archive up to date with the disks, side by side. Committed as it goes. Indexes that
 * were not needed for it may be missing in the end: `makeIndexes` makes them.
 *
 * @param runId Where is listed what cannot be looked at.
 * @returns in the order of the targets
 * @throws AppError SOURCE_SHRANK; ARCHIVE_LOST. A source that is lost is left behind, and its watch tells.
 */
export async function walkTargets(
  app: App,
  targets: readonly Target[],
  runId: string,
  reading: WalkReading,
): Promise<TargetCounts[]> {
  const phase = app.progress.begin("looking through folders");
  const context = { runId, phase, growth: new Growth(app), reading };
  await postponeIndexes(app.db);
  const seen = await Promise.all(targets.map((target) => walkTarget(app, target, context)));
  phase.end();
  const shrunk = seen.flatMap(({ shrunk: one }) => one ?? []);
  if (shrunk.length > 0) throw sourceShrank(shrunk);
  await context.growth.settle();
  return seen.map(({ counts }) => counts);
}

interface Context {
  readonly runId: string;
  readonly phase: Phase;
  readonly growth: Growth;
  readonly reading: WalkReading;
}

interface Walked {
  readonly counts: TargetCounts;
  /** It has lost so much that nothing of it counts as gone. */
  readonly shrunk: Shrunk | null;
}

async function walkTarget(app: App, target: Target, context: Context): Promise<Walked> {
  await using session = await app.db.session();
  await beginScan(session);
  await scanBegun(app.db, target.id);
  const { watch } = target;
  const looking = new Looking(app, session, target, context);
  const firstNumber = (await isUnseen(app.db, target.id)) ? firstFolderOf(target.id) : null;
  await looking.lookThrough(firstNumber);
  // Where no file was known before, none can be missed.
  const mayMiss = firstNumber === null;
  if (mayMiss && !app.signal.aborted && looking.total.unreadable === 0) await looking.lookAgain();
  // What was not looked at may still be there: only a scan that saw everything makes a file count as gone. A share that
  // was unmounted meanwhile looks like an empty folder, without any error.
  const { total } = looking;
  const sawEverything = !app.signal.aborted && total.unreadable === 0 && (await watch.isThere());
  if (target.kind === "archive" && watch.lost !== null) throw archiveExchanged(target.root);
  if (!sawEverything) return { counts: total, shrunk: null };
  let shrunk: Shrunk | null = null;
  const mayGo = async (db: Session, gone: number) => {
    shrunk = gone === 0 ? null : await shrinkage(db, target, total, gone);
    return shrunk === null;
  };
  const missing = mayMiss ? await markGone(session, mayGo) : 0;
  if (missing === null) return { counts: total, shrunk };
  await sourceScanned(app.db, target.id, target.mount);
  return { counts: { ...total, missing }, shrunk: null };
}

/** The folder is gone, or something else has taken its place: so are its files. */
const goneCodes = ["ENOENT", "ENOTDIR"];

/** Looks at the files of one target, and tells the inventory. */
class Looking {
  total = noCounts;
  readonly #session: DedicatedSession;
  readonly #target: Target;
  readonly #context: Context;
  readonly #rules: WalkRules;
  readonly #options: WalkOptions;

  constructor(app: App, session: DedicatedSession, target: Target, context: Context) {
    this.#session = session;
    this.#target = target;
    this.#context = context;
    const { root, exclude, inodes, watch } = target;
    const junk = app.config.scan.excludeJunk ? "marked" : "ordinary";
    this.#rules = { root, exclude, inodes, junk, reading: "empty files" };
    const signal = AbortSignal.any([app.signal, watch.signal]);
    this.#options = { threads: walkThreads(app, target), signal, patienceSeconds: patienceSeconds(app, target) };
  }

  /** @param firstNumber The first id that is set aside for its folders, if nothing is known of the target. */
  lookThrough(firstNumber: number | null): Promise<void> {
    if (firstNumber === null) return this.#look("first", this.#rules, () => true);
    // Over a network, and where the disk has to look for each file, what need not be read is not.
    const isNear = this.#target.kind === "source" && !this.#target.remote;
    const reading = isNear ? this.#context.reading : "empty files";
    return this.#look("new", { ...this.#rules, firstNumber, reading }, () => true);
  }

  /**
   * Lists each folder again that misses files. A share that loses its server in the middle of a listing may end it
   * without an error: libc takes ENOENT for the end of a folder.
   */
  async lookAgain(): Promise<void> {
    await findUnseen(this.#session, this.#target.id);
    for (let after = 0; !this.#options.signal.aborted; ) {
      const page = await unseenFolders(this.#session, after);
      if (page.length === 0) return;
      after = page.at(-1)?.id ?? after;
      const folders = page.map(({ path }) => path);
      await this.#look("again", { ...this.#rules, folders }, ({ code }) => !goneCodes.includes(code));
    }
  }

  async #look(look: Look, rules: WalkRules, isTrouble: (one: Unreadable) => boolean): Promise<void> {
    const { id, kind, watch } = this.#target;
    for await (const part of inParts(unlessSilent(walk(rules, this.#options), this.#target))) {
      // What was seen since somebody mounted something there is not the source's.
      if (!(await watch.isThere())) return;
      const seen = await mergeSeen(this.#session, { sourceId: id, kind, look }, part);
      const files = seen.new + seen.changed + seen.unchanged;
      const problems = part.unreadable.filter(isTrouble);
      this.total = plus(this.total, { ...seen, files, missing: 0, unreadable: problems.length, read: part.read });
      watch.count(part.files + problems.length);
      await addProblems(this.#session, this.#context.runId, (await watch.hear(problems)).map(problemIn(this.#target)));
      this.#context.phase.add({ files, bytes: part.read.bytes });
      // Of a new source nothing is asked until all of it is there.
      await this.#context.growth.add(seen.new, look === "new" ? "asked later" : "asked soon");
    }
  }
}

type Unreadable = WalkBatch["unreadable"][number];

/** A source that does not answer is lost, and its walk ends. */
async function* unlessSilent(
  batches: AsyncIterable<WalkBatch>,
  target: Target,
): AsyncGenerator<WalkBatch, void, undefined> {
  try {
    yield* batches;
  } catch (error) {
    loseIfSilent(target, error);
  }
}

function problemIn({ name }: Target): (unreadable: Unreadable) => Problem {
  return ({ path, code }) => ({ source: name, path, code, message: describeTrouble(code) });
}
