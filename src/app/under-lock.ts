import { randomInt } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { archiveExchanged } from "../archive/errors.ts";
import { addProblems, countProblems } from "../inventory/problems.ts";
import { holdRunLock } from "../inventory/run-lock.ts";
import { type ActiveRun, activeRun, beginRun, closeKilledRuns, endRun, type RunStatus } from "../inventory/runs.ts";
import { sourceTotals } from "../inventory/totals.ts";
import { AppError, ExitCode } from "../model/errors.ts";
import { joinPath } from "../model/path.ts";
import { formatNumberOf } from "../model/units.ts";
import { RootLooks } from "../sources/root-watch.ts";
import type { App } from "./context.ts";
import { recallRuns } from "./recall.ts";
import { recallReclaims } from "./reclaim-recall.ts";
import { type Acceptance, archiveOf, findTargets, type Target, type Targets } from "./targets.ts";
import { patienceSeconds } from "./threads.ts";
import { alarmCodes, archiveFullCode, sourceLostCode } from "./trouble.ts";

/** What every command that has a run of its own says of it, before the parts that are its own. */
interface Ran {
  readonly command: string;
  readonly status: "complete" | "incomplete";
  readonly run: string;
}

/** How a command ended. */
export interface Outcome<Parts> {
  /** As `--json` prints it, but for the problems. */
  readonly summary: Ran & Parts;
  /** Number of problems listed for the run. */
  readonly problems: number;
  /** How many of them say that a content is not what was recorded or written: see {@link alarmCodes}. */
  readonly alarms: number;
  /** How many of them say that a source went away in the middle. */
  readonly lost: number;
  /** The archive's disk got full in the middle. */
  readonly full: boolean;
  /** Ctrl-C or SIGTERM came before everything was done. */
  readonly interrupted: boolean;
}

/** How work on sources differs from what is usual. */
export interface Manner {
  readonly acceptance?: Acceptance;
  /** Who tells the inventory what killed reclaims took: the work itself may also finish what they left half done. */
  readonly recallsReclaims?: "the lock" | "the work";
}

/** Finds the sources and the archive, keeps other runs out, and lets `work` have a run of its own. */
export async function underLock<Parts>(
  app: App,
  command: string,
  work: (targets: Targets, runId: string) => Promise<Parts>,
  { acceptance = { shrink: [] }, recallsReclaims = "the lock" }: Manner = {},
): Promise<Outcome<Parts>> {
  await using looks = new RootLooks(app.config.sources.length + 2, patienceSeconds(app, { remote: true }));
  const targets = await findTargets(app, looks, acceptance);
  const { archive } = targets;
  // Awaited here: the looks must last until it has ended.
  return await withRun(app, { command, archiveId: archive?.id ?? null }, async (run) => {
    const job = async () => {
      if (archive !== null) {
        await recallRuns(app, archive);
        const sources = recallsReclaims === "the lock" ? targets.sources : [];
        for (const source of sources)
          await recallReclaims(app, { source, target: archive, runId: run, mayChange: false });
      }
      return work(targets, run);
    };
    const done = archive === null ? await job() : await unlessLost(archive, job(), patienceSeconds(app, archive));
    await listLost(app, targets, run);
    return done;
  });
}

/**
 * Work on an archive, for as long as that answers. Where its disk hangs, nothing that works on it would ever end, nor
 * could be ended: it is left as it is, for the process is about to end.
 *
 * @throws AppError ARCHIVE_LOST
 */
async function unlessLost<Done>({ root, watch }: Target, work: Promise<Done>, seconds: number): Promise<Done> {
  const ended = new AbortController();
  const silent = async (): Promise<Done> => {
    while (await watch.isThere()) await delay(seconds * 250, null, { signal: ended.signal, ref: false });
    // Whatever does get an answer ends by itself, and in order.
    await delay(5_000, null, { signal: ended.signal });
    throw archiveExchanged(root);
  };
  try {
    return await Promise.race([work, silent()]);
  } finally {
    ended.abort();
  }
}

/** One line for each source that went away, instead of one for each of its files. */
async function listLost(app: App, { sources, archive }: Targets, runId: string): Promise<void> {
  for (const { id, name, watch } of sources.filter((source) => source.watch.lost !== null)) {
    const [totals] = archive === null ? [] : await sourceTotals(app.db, [id], archive.id);
    const missing = totals === undefined ? 0 : totals.files - totals.archivedFiles;
    const left = missing === 0 ? "" : `; ${formatNumberOf(missing, "file")} known of it not in the archive`;
    const message = `it went away: ${watch.lost}${left}; run again when it is back`;
    await addProblems(app.db, runId, [{ source: name, path: joinPath(), code: sourceLostCode, message }]);
  }
}

/** Keeps other runs out, and lets `work` have a run of its own. */
export async function withRun<Parts>(
  app: App,
  { command, archiveId }: { readonly command: string; readonly archiveId: number | null },
  work: (runId: string) => Promise<Parts>,
): Promise<Outcome<Parts>> {
  const lock = await holdRunLock(app.db);
  if (lock === null) throw runActive(await activeRun(app.db));
  await using _held = lock;
  await closeKilledRuns(app.db);
  const startedAt = app.now();
  const run = runId(startedAt);
  await beginRun(app.db, { id: run, command, startedAt, archiveId });
  try {
    const done = await work(run);
    const counts = await countProblems(app.db, run);
    const problems = [...counts.values()].reduce((sum, count) => sum + count, 0);
    const alarms = alarmCodes.reduce((sum, code) => sum + (counts.get(code) ?? 0), 0);
    const interrupted = app.signal.aborted;
    const status = problems > 0 || interrupted ? "incomplete" : "complete";
    const summary: Ran & Parts = { command, status, run, ...done };
    await end(app, run, interrupted ? "interrupted" : status, summary);
    const lost = counts.get(sourceLostCode) ?? 0;
    return { summary, problems, alarms, lost, full: counts.has(archiveFullCode), interrupted };
  } catch (error) {
    // The failure itself is what the user must see, not that it could not be written down.
    await end(app, run, "failed", null).catch(() => undefined);
    throw error;
  }
}

function end(app: App, id: string, status: RunStatus, summary: unknown): Promise<void> {
  return endRun(app.db, id, { status, endedAt: app.now(), summary });
}

/** Sorts by time, to the millisecond; can be told apart by eye; is a file name: "20261123-091502-3fa2". */
function runId(at: Date): string {
  const time = at
    .toISOString()
    .replace(/[-:]|\..*$/g, "")
    .replace("T", "-");
  // Four hexadecimal digits have room for the part of the second, and for 65 ids within a millisecond.
  const fraction = Math.floor((at.getUTCMilliseconds() / 1_000) * 0x1_0000) + randomInt(65);
  return `${time}-${fraction.toString(16).padStart(4, "0")}`;
}

/** @throws AppError NO_SOURCE, NO_ARCHIVE */
export function requireArchive(targets: Targets): { sources: readonly Target[]; archive: Target } {
  const { sources } = targets;
  if (sources.length === 0) {
    throw new AppError("NO_SOURCE", ExitCode.usage, "no source is named", {
      hint: "Name one with --source DIR, or write a config file: onefold init",
    });
  }
  return { sources, archive: archiveOf(targets) };
}

function runActive(run: ActiveRun | null): AppError {
  const where = run === null || run.pid === null ? "" : ` (process ${run.pid} on ${run.host})`;
  const which = run === null ? "" : `: onefold ${run.command}${where}, run ${run.id}`;
  return new AppError("RUN_ACTIVE", ExitCode.busy, `another run is active on this database${which}`, {
    hint: "Wait until it has ended; onefold status shows it.",
  });
}
