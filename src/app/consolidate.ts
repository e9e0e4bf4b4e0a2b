import { type Archive, openArchive } from "../archive/archive.ts";
import { archiveExchanged } from "../archive/errors.ts";
import { Executor } from "../archive/execute.ts";
import { beginJournal } from "../archive/journal.ts";
import type { Advice, HeldEntry, Step, Wanted } from "../archive/outcome.ts";
import { checkSpace } from "../archive/space.ts";
import { countClaimed } from "../inventory/claims.ts";
import { shareAmongHardLinks } from "../inventory/hashes.ts";
import { heldContents } from "../inventory/placed.ts";
import { AppError } from "../model/errors.ts";
import type { App } from "./context.ts";
import { verifyClaims } from "./hashing.ts";
import { hashed } from "./mirroring.ts";
import { OtherCopies } from "./other-copies.ts";
import { entryOperations, linkOperations, type Plan } from "./plan.ts";
import type { Phase } from "./progress.ts";
import { type Consolidated, Recorder } from "./recorder.ts";
import type { Target } from "./targets.ts";
import { copyThreads, patienceSeconds } from "./threads.ts";
import { archiveFullCode } from "./trouble.ts";

/** Takes the archive for this process alone; see openArchive. @throws AppError ARCHIVE_LOST, too */
export async function takeArchive(
  app: App,
  { root, watch }: Pick<Target, "root" | "watch">,
  command: string,
): Promise<Archive> {
  if (!(await watch.isThere())) throw archiveExchanged(root);
  return await openArchive(root, { purpose: `onefold ${command}`, program: `onefold ${app.version}` });
}

/**
 * Carries a plan out: new entries first, sources side by side, then the links below by-source/.
 * What is done is recorded batch by batch; what fails is listed, and the rest goes on.
 *
 * A plan that rests on claims of other programs is checked on the way: what it copies by the copy, the rest by reading
 * it before the links are made. If claims turn out wrong, `replan` is asked once for what they left to do.
 *
 * What a lost source was to bring in is left out; its watch tells. An archive that others fill up meanwhile ends the work:
 * what was done stays, and the run lists it as its problem.
 *
 * @throws AppError ARCHIVE_FULL before the first copy, if the plan does not fit; ARCHIVE_LOST
 */
export async function consolidate(
  app: App,
  plan: Plan,
  {
    archive,
    command,
    runId,
    replan,
  }: { archive: Archive; command: string; runId: string; replan: () => Promise<Plan> },
): Promise<Consolidated> {
  const { copyFiles, copyBytes, linkFiles, alreadyArchived } = plan.totals;
  const sourceIds = plan.sources.map(({ id }) => id);
  const claimed = await countClaimed(app.db, sourceIds);
  if (copyFiles + linkFiles + claimed === 0) {
    // A run that has nothing to do leaves no trace in the archive.
    const nothing = { copiedFiles: 0, copiedBytes: 0, linkedFiles: 0, failed: 0, seconds: 0 };
    return { totals: { ...nothing, alreadyArchived }, readBytes: 0 };
  }
  await checkSpace(archive.root, copyBytes);
  const sources = plan.sources.map(({ name, root }) => ({ name, root }));
  const header = { run: runId, command, at: app.now().toISOString(), program: `onefold ${app.version}`, sources };
  await using journal = await beginJournal(archive, header);
  await using recorder = await Recorder.open(app, plan, runId);
  await using executor = new Executor(archive, { journal, advice: adviceFor(app, plan), signal: app.signal });
  try {
    await carryOut(app, plan, { executor, recorder, runId, claimed });
    // What a lost source was to bring in may stand in another one.
    let isSettled = claimed === 0 && !hasLost(plan);
    while (!isSettled && !app.signal.aborted) {
      await using rest = await replan();
      await carryOut(app, rest, { executor, recorder, runId, claimed: 0 });
      isSettled = !hasLost(rest);
    }
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== archiveFullCode || !recorder.hasDone) throw error;
    await recorder.list({ code: archiveFullCode, message: error.message });
  }
  const result = recorder.result();
  const status = app.signal.aborted ? "interrupted" : result.totals.failed > 0 ? "incomplete" : "complete";
  await journal.write({ do: "end", status });
  return result;
}

interface Execution {
  readonly executor: Executor;
  readonly recorder: Recorder;
  readonly runId: string;
  /** Number of files whose hash only another program has told. */
  readonly claimed: number;
}

async function carryOut(app: App, plan: Plan, { executor, recorder, runId, claimed }: Execution): Promise<void> {
  const { copyFiles, copyBytes, linkFiles } = plan.totals;
  const copying = app.progress.begin("copying", { files: copyFiles, bytes: copyBytes });
  await plan.session.transaction(async (db) => {
    const copied = await Promise.allSettled(
      plan.sources.map(async (source) => {
        const { watch } = source;
        const steps = flatten(entryOperations(db, plan, source));
        const options = { readers: copyThreads(app, source), watch, patienceSeconds: patienceSeconds(app, source) };
        for await (const batch of executor.execute(steps, options)) await recorder.record(batch, copying);
      }),
    );
    // All have ended by now: none still uses the session, and all that was done is recorded.
    for (const one of copied) if (one.status === "rejected") throw one.reason;
  });
  await copyOthers(plan, { executor, recorder, runId, claimed }, copying);
  copying.end();
  if (app.signal.aborted) return;
  // Names of one inode share what the copy of one of them told.
  await shareAmongHardLinks(
    app.db,
    plan.sources.map(({ id }) => id),
  );
  if (claimed > 0) recorder.count(await verifyClaims(app, plan.sources, runId));
  if (app.signal.aborted) return;
  const linking = app.progress.begin("linking", { files: linkFiles, bytes: 0 });
  await plan.session.transaction(async (db) => {
    const steps = flatten(linkOperations(db, plan, "placed"));
    for await (const batch of executor.execute(steps, { readers: 1 })) await recorder.record(batch, linking);
  });
  linking.end();
}

/** A content whose original could not be copied is taken from one of its duplicates. */
async function copyOthers(plan: Plan, { executor, recorder }: Execution, phase: Phase): Promise<void> {
  const others = new OtherCopies(plan);
  for (;;) {
    const steps = await others.of(recorder.takeFailed());
    if (steps.length === 0) return;
    for await (const batch of executor.execute(steps, { readers: 1 })) await recorder.record(batch, phase);
  }
}

function hasLost({ sources }: Plan): boolean {
  return sources.some(({ watch }) => watch.lost !== null);
}

function adviceFor({ db }: App, { archive }: Plan): Advice {
  return {
    archiveIsThere: () => archive.watch.isThere(),
    async entriesOf(wanted: readonly Wanted[]): Promise<ReadonlyMap<Step, HeldEntry>> {
      const hashes = [...new Set(wanted.flatMap(({ hash }) => hash ?? []))];
      const held = new Map((await heldContents(db, archive.id, hashes)).map((entry) => [entry.hash, entry]));
      return new Map(
        wanted.flatMap(({ operation, hash }) => {
          const entry = hash === null ? undefined : held.get(hash);
          return entry === undefined ? [] : [[operation, entry] as const];
        }),
      );
    },
    otherName: ({ to }, hash) => hashed(to, hash),
  };
}

async function* flatten<Item>(batches: AsyncIterable<readonly Item[]>): AsyncGenerator<Item, void, undefined> {
  for await (const batch of batches) yield* batch;
}
