import type { Archive } from "../archive/archive.ts";
import { LateJournal } from "../archive/late-journal.ts";
import { type LeftAlone, type PlannedLink, Relinker } from "../archive/relink.ts";
import { addProblems } from "../inventory/problems.ts";
import { equalFiles, recordRelinked } from "../inventory/relinkable.ts";
import { takeArchive } from "./consolidate.ts";
import type { App } from "./context.ts";
import { scan } from "./scan.ts";
import type { Target } from "./targets.ts";
import { describeTrouble } from "./trouble.ts";
import { archiveOf, type Outcome, underLock } from "./under-lock.ts";

export type { PlannedLink } from "../archive/relink.ts";

export interface RelinkTotals {
  /** Contents of which files became links. */
  readonly groups: number;
  /** Files that became links of others; after a dry run, that would. */
  readonly files: number;
  /** Sizes of the inodes that lost their last name in the archive by that. */
  readonly bytes: number;
  /** Files that were left alone, since they changed, differ or cannot be replaced. */
  readonly failed: number;
  readonly seconds: number;
  /** Nothing was changed: the numbers say what would be done. */
  readonly dryRun?: true;
}

export interface RelinkParts {
  readonly relink: RelinkTotals;
}

/** `onefold relink`: makes equal files inside the archive hard links of one another. */
export function relinkCommand(app: App): Promise<Outcome<RelinkParts>> {
  return underLock(app, "relink", async (targets, runId) => {
    const target = archiveOf(targets);
    // Taken first, as by a run: what cannot be written to is found out before anything is read.
    await using archive = await takeArchive(app, target, "relink");
    await scanAlone(app, target, runId);
    return { relink: await relink(app, { target, archive, runId }) };
  });
}

/** The same without the last step: hands over what would be linked, batch by batch; changes nothing in the archive. */
export function previewRelink(
  app: App,
  show: (links: readonly PlannedLink[]) => Promise<void>,
): Promise<Outcome<RelinkParts>> {
  return underLock(app, "relink", async (targets, runId) => {
    const target = archiveOf(targets);
    await scanAlone(app, target, runId);
    const tally = new Tally(app);
    await using relinker = new Relinker(target.root, app.signal);
    for await (const { links, leftAlone } of relinker.plan(equalFiles(app.db, target.id))) {
      for (const link of links) tally.add(link, 0);
      await list(app, { target, runId }, leftAlone);
      tally.failed += leftAlone.length;
      await show(links);
    }
    return { relink: { ...tally.totals(), dryRun: true } };
  });
}

/** Which files of the archive are equal is found out as always; the sources are not needed for it. */
async function scanAlone(app: App, archive: Target, runId: string): Promise<void> {
  await scan(app, { sources: [], archive }, runId, { junk: "compared" });
}

interface Work {
  readonly target: Target;
  readonly archive: Archive;
  readonly runId: string;
}

async function relink(app: App, { target, archive, runId }: Work): Promise<RelinkTotals> {
  const tally = new Tally(app);
  const phase = app.progress.begin("linking equal files");
  const where = { archiveId: target.id, inodesTrusted: target.inodes === "all" };
  await using journal = new LateJournal(archive, {
    run: runId,
    command: "relink",
    at: app.now().toISOString(),
    program: `onefold ${app.version}`,
    sources: [],
  });
  await using relinker = new Relinker(target.root, app.signal);
  for await (const batch of relinker.relink(equalFiles(app.db, target.id), () => journal.begun())) {
    await recordRelinked(app.db, where, batch);
    await list(app, { target, runId }, batch.leftAlone);
    for (const { link, namesLeft } of batch.relinked) tally.add(link, namesLeft);
    tally.failed += batch.leftAlone.length;
    const bytes = batch.relinked.reduce((sum, { archived }) => sum + archived.size, 0);
    phase.add({ files: batch.relinked.length, bytes });
  }
  phase.end();
  const status = app.signal.aborted ? "interrupted" : tally.failed > 0 ? "incomplete" : "complete";
  await journal.end(status);
  return tally.totals();
}

async function list(
  app: App,
  { target, runId }: Pick<Work, "target" | "runId">,
  leftAlone: readonly LeftAlone[],
): Promise<void> {
  const problems = leftAlone.map(({ path, code, message }) => {
    const isPlain = code === "ENOENT" || code === "ELOOP";
    return { source: target.name, path, code, message: isPlain ? describeTrouble(code) : message };
  });
  await addProblems(app.db, runId, problems);
}

/** Counts links as they come: the names of one inode after each other. */
class Tally {
  failed = 0;
  readonly #app: App;
  readonly #started: number;
  readonly #groups = new WeakSet<PlannedLink["group"]>();
  #totals = { groups: 0, files: 0, bytes: 0 };
  /** The inode whose names are being replaced, and how many of them have been. */
  #inode: { readonly number: bigint; names: number } = { number: -1n, names: 0 };

  constructor(app: App) {
    this.#app = app;
    this.#started = app.now().getTime();
  }

  /** @param namesLeft Counts only where the inventory does not know the names of an inode. */
  add({ file, standing, group }: PlannedLink, namesLeft: number): void {
    this.#totals.files++;
    if (!this.#groups.has(group)) this.#totals.groups++;
    this.#groups.add(group);
    if (this.#inode.number !== standing.inode) this.#inode = { number: standing.inode, names: 0 };
    this.#inode.names++;
    const isFreed = file.names === null ? namesLeft === 0 : this.#inode.names === file.names;
    if (isFreed) this.#totals.bytes += file.size;
  }

  totals(): RelinkTotals {
    const seconds = (this.#app.now().getTime() - this.#started) / 1000;
    return { ...this.#totals, failed: this.failed, seconds };
  }
}
