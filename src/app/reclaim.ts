import { lstatSync } from "node:fs";
import type { Archive } from "../archive/archive.ts";
import { type ReclaimedBatch, Reclaimer } from "../archive/reclaim.ts";
import type { ReclaimHow } from "../archive/reclaim-records.ts";
import { addProblems } from "../inventory/problems.ts";
import {
  countStanding,
  placesInArchive,
  type ReclaimableFile,
  type ReclaimScope,
  reclaimableFiles,
  recordReclaimed,
} from "../inventory/reclaimable.ts";
import { allSources } from "../inventory/sources.ts";
import type { PathText } from "../model/path.ts";
import { systemPath } from "../model/path.ts";
import { takeArchive } from "./consolidate.ts";
import type { App } from "./context.ts";
import { askIn } from "./doctor-ask.ts";
import { LateJournal } from "./late-journal.ts";
import { recallReclaims } from "./reclaim-recall.ts";
import { checkReclaimable, checkWritable, guardMount, refused, withOneSource } from "./reclaim-source.ts";
import { checkArchiveZfs } from "./reclaim-zfs.ts";
import { archiveOf, type Target, type Targets } from "./targets.ts";
import { hashThreads } from "./threads.ts";
import { describeTrouble } from "./trouble.ts";
import { type Outcome, underLock } from "./under-lock.ts";

export type { ReclaimHow } from "../archive/reclaim-records.ts";
export type { ReclaimableFile } from "../inventory/reclaimable.ts";

export interface ReclaimTotals {
  /** Files that went; after a preview, that would. */
  readonly files: number;
  /** What that frees on the share, with a quarantine: once that is emptied. */
  readonly bytes: number;
  /** Files of the source that stay where they are; junk is not counted. */
  readonly left: number;
  readonly how: ReclaimHow;
  /** false: nothing was changed, the numbers say what would be done. */
  readonly applied: boolean;
  readonly seconds: number;
}

export interface ReclaimParts {
  readonly reclaim: ReclaimTotals;
}

export interface ReclaimOptions {
  /** Name of the source. */
  readonly source: string;
  readonly how: ReclaimHow;
  /** Only what lies below this folder of it; "": everything. */
  readonly below: PathText;
  /** Infinity: no limit. */
  readonly limits: { readonly files: number; readonly bytes: number };
}

/** `onefold reclaim SOURCE` without `--apply`: hands over what would go, batch by batch; changes no file. */
export async function previewReclaim(
  app: App,
  options: ReclaimOptions,
  show: (files: readonly ReclaimableFile[]) => Promise<void>,
): Promise<Outcome<ReclaimParts>> {
  return underLock(await withOneSource(app, options.source), "reclaim", async (targets, runId) => {
    const work = { ...(await begin(app, targets, options)), runId };
    const tally = await Tally.begin(app, work, false);
    await using reclaimer = new Reclaimer(jobOf(app, work));
    for await (const batch of reclaimer.preview(reclaimableFiles(app.db, scopeOf(work)))) {
      await tally.add(batch);
      await show(batch.reclaimed.map(({ file }) => file));
    }
    return { reclaim: tally.totals() };
  });
}

/** `onefold reclaim SOURCE --apply`: the only command that changes a source. */
export async function applyReclaim(app: App, options: ReclaimOptions): Promise<Outcome<ReclaimParts>> {
  const job = async (targets: Targets, runId: string) => {
    const target = archiveOf(targets);
    await using archive = await takeArchive(app, target, "reclaim");
    const work = { ...(await begin(app, targets, options)), runId };
    checkWritable(work.source);
    await recallReclaims(app, { ...work, mayChange: true });
    return { reclaim: await reclaim(app, archive, work) };
  };
  const alone = await withOneSource(app, options.source);
  return underLock(alone, "reclaim", job, { recallsReclaims: "the work" });
}

interface Work {
  readonly source: Target;
  readonly target: Target;
  readonly options: ReclaimOptions;
  readonly runId: string;
}

/** Refuses what cannot be trusted, before anything is looked at. */
async function begin(
  app: App,
  targets: { readonly sources: readonly Target[]; readonly archive: Target | null },
  options: ReclaimOptions,
): Promise<Omit<Work, "runId">> {
  const target = archiveOf(targets);
  const [source] = targets.sources;
  const known = (await allSources(app.db)).find(({ id }) => id === source?.id);
  if (source === undefined || known === undefined) throw new Error("the source is configured but not known");
  await checkReclaimable(source, known);
  if (target.mount?.type === "zfs") {
    const note = await checkArchiveZfs(target.mount.source, options.how === "delete", askIn({}));
    if (note !== null) app.progress.note(`Note: ${note}.`);
  }
  if (options.how === "hard-link" && deviceOf(source) !== deviceOf(target)) {
    throw refused("CROSS_DEVICE", `source "${source.name}" and the archive lie on different file systems`, {
      hint: "Hard links need one file system. Reclaim into the quarantine, or with --delete.",
    });
  }
  return { source, target, options };
}

async function reclaim(app: App, archive: Archive, work: Work): Promise<ReclaimTotals> {
  const { source, target, runId } = work;
  const tally = await Tally.begin(app, work, true);
  const phase = app.progress.begin("reclaiming");
  await using journal = new LateJournal(app, archive, {
    run: runId,
    command: "reclaim",
    sources: [{ name: source.name, root: source.root }],
  });
  await using reclaimer = new Reclaimer(jobOf(app, work));
  const where = { sourceId: source.id, archiveId: target.id, runId };
  for await (const batch of reclaimer.reclaim(reclaimableFiles(app.db, scopeOf(work)), () => journal.begun())) {
    await recordReclaimed(app.db, where, recordOf(batch, work));
    await tally.add(batch);
    phase.add({
      files: batch.reclaimed.length,
      bytes: batch.reclaimed.reduce((sum, { file }) => sum + file.size, 0),
    });
  }
  phase.end();
  await journal.end(app.signal.aborted ? "interrupted" : tally.failed > 0 ? "incomplete" : "complete");
  return tally.totals();
}

function scopeOf({ source, target, options, runId }: Work): ReclaimScope {
  const empty = options.how !== "hard-link";
  return { sourceId: source.id, archiveId: target.id, below: options.below, runId, empty };
}

function jobOf(app: App, { source, target, options, runId }: Work) {
  const { how, limits } = options;
  const trusted = source.inodes !== "none";
  // An overlay shows files of the folders below it under numbers of its own.
  const tell = [source, target].every(({ inodes, mount }) => inodes !== "none" && mount?.type !== "overlay");
  return {
    run: runId,
    name: source.name,
    places: {
      how,
      trusted,
      source: { root: source.root, called: `source "${source.name}"`, device: deviceOf(source) },
      archive: { root: target.root, called: "the archive", device: deviceOf(target) },
    },
    limits,
    // Links to one entry change its ctime, which is watched while it is read.
    threads: how === "hard-link" ? 1 : hashThreads(app, source),
    signal: app.signal,
    guard: () => guardMount(source),
    placesOf: tell
      ? null
      : (hashes: Parameters<typeof placesInArchive>[2]) => placesInArchive(app.db, target.id, hashes),
  };
}

function recordOf({ reclaimed, verified, damaged }: ReclaimedBatch, { source, options }: Work) {
  const isLinked = options.how === "hard-link";
  return {
    gone: isLinked ? [] : reclaimed.map(({ file }) => file.id),
    linked: reclaimed.flatMap(({ file, changed, now }) => {
      if (now === null) return [];
      return [{ id: file.id, changed, ...now, inode: source.inodes === "none" ? null : now.inode }];
    }),
    touched: reclaimed.flatMap(({ file, changed }) =>
      file.inode === null || isLinked ? [] : [{ id: file.id, changed }],
    ),
    verified,
    damaged,
  };
}

function deviceOf({ root }: Target): bigint {
  return lstatSync(systemPath(root), { bigint: true }).dev;
}

/** Counts, and lists what was left alone. */
class Tally {
  failed = 0;
  readonly #app: App;
  readonly #work: Work;
  readonly #applied: boolean;
  readonly #standing: number;
  readonly #started: number;
  #files = 0;
  #bytes = 0;

  private constructor(app: App, work: Work, applied: boolean, standing: number) {
    this.#app = app;
    this.#work = work;
    this.#applied = applied;
    this.#standing = standing;
    this.#started = app.now().getTime();
  }

  static async begin(app: App, work: Work, applied: boolean): Promise<Tally> {
    return new Tally(app, work, applied, await countStanding(app.db, scopeOf(work)));
  }

  async add({ reclaimed, leftAlone }: ReclaimedBatch): Promise<void> {
    this.#files += reclaimed.length;
    this.#bytes += reclaimed.reduce((sum, { freedBytes }) => sum + freedBytes, 0);
    this.failed += leftAlone.length;
    const { source, runId } = this.#work;
    const problems = leftAlone.map(({ path, code, message }) => {
      const isPlain = code === "ENOENT" || code === "ELOOP";
      return { source: source.name, path, code, message: isPlain ? describeTrouble(code) : message };
    });
    await addProblems(this.#app.db, runId, problems);
  }

  totals(): ReclaimTotals {
    const seconds = (this.#app.now().getTime() - this.#started) / 1000;
    const left = Math.max(0, this.#standing - this.#files);
    const { how } = this.#work.options;
    return { files: this.#files, bytes: this.#bytes, left, how, applied: this.#applied, seconds };
  }
}
