import { randomBytes } from "node:crypto";
import { countProblems } from "../inventory/problems.ts";
import { holdRunLock } from "../inventory/run-lock.ts";
import { beginRun, closeKilledRuns, endRun, type RunStatus } from "../inventory/runs.ts";
import { AppError, ExitCode } from "../model/errors.ts";
import { type ConsolidateTotals, consolidate, takeArchive } from "./consolidate.ts";
import type { App } from "./context.ts";
import type { ImportTotals } from "./import.ts";
import { makePlan, type Plan, type PlanTotals } from "./plan.ts";
import type { RelinkTotals } from "./relink.ts";
import { recallRelinks } from "./relink-recall.ts";
import { type Engine, type ScanResult, type ScanTotals, scan } from "./scan.ts";
import { findTargets, type Target, type Targets } from "./targets.ts";
import { alarmCodes } from "./trouble.ts";

/** What a command did, as `--json` prints it; parts that do not apply are absent. */
export interface Summary {
  readonly command: string;
  readonly status: "complete" | "incomplete";
  readonly run: string;
  readonly scan?: ScanTotals;
  readonly duplicates?: ScanResult["duplicates"];
  readonly plan?: PlanTotals;
  readonly consolidate?: ConsolidateTotals;
  readonly import?: ImportTotals;
  readonly relink?: RelinkTotals;
}

export interface Outcome {
  readonly summary: Summary;
  /** Number of problems listed for the run. */
  readonly problems: number;
  /** How many of them say that a content is not what was recorded or written: see {@link alarmCodes}. */
  readonly alarms: number;
  /** Ctrl-C or SIGTERM came before everything was done. */
  readonly interrupted: boolean;
}

/** A part of the work, under the lock and with a run to list its problems in. */
type Work = (targets: Targets, runId: string) => Promise<Omit<Summary, "command" | "status" | "run">>;

/** `onefold scan`: brings the inventory up to date; of all sources, or of those named. */
export function scanCommand(app: App, names: readonly string[], engine: Engine): Promise<Outcome> {
  return underLock(app, "scan", (targets, runId) => scan(app, chosen(targets, names), runId, { engine }));
}

/** `onefold run`: scan, plan, consolidate; or the first two alone. */
export function runCommand(app: App, until: "planned" | "consolidated"): Promise<Outcome> {
  return underLock(app, "run", async (targets, runId) => {
    const withArchive = requireArchive(targets);
    if (until === "planned") {
      const scanned = await scan(app, targets, runId);
      if (app.signal.aborted) return scanned;
      await using plan = await makePlan(app, withArchive, runId);
      return withPlan(scanned, plan);
    }
    // Taken first: an archive that cannot be written to is found out before hours of scanning.
    await using archive = await takeArchive(app, withArchive.archive, "run");
    const scanned = await scan(app, targets, runId);
    if (app.signal.aborted) return scanned;
    await using plan = await makePlan(app, withArchive, runId);
    const planned = withPlan(scanned, plan);
    if (app.signal.aborted) return planned;
    const { totals, readBytes } = await consolidate(app, plan, {
      archive,
      runId,
      replan: () => makePlan(app, withArchive, runId),
    });
    const read = { ...planned.scan, readBytes: planned.scan.readBytes + readBytes };
    return { ...planned, scan: read, consolidate: totals };
  });
}

/** `onefold consolidate`: carries out what the inventory as it is asks for. */
export function consolidateCommand(app: App): Promise<Outcome> {
  return underLock(app, "consolidate", async (targets, runId) => {
    const withArchive = requireArchive(targets);
    await using archive = await takeArchive(app, withArchive.archive, "consolidate");
    const replan = () => makePlan(app, withArchive, runId);
    await using plan = await replan();
    if (app.signal.aborted) return { plan: plan.totals };
    return { plan: plan.totals, consolidate: (await consolidate(app, plan, { archive, runId, replan })).totals };
  });
}

/** `onefold plan`: makes the plan from the inventory as it is and hands it over; changes nothing. */
export function planCommand(app: App, show: (plan: Plan) => Promise<void>): Promise<Outcome> {
  return underLock(app, "plan", async (targets, runId) => {
    await using plan = await makePlan(app, requireArchive(targets), runId);
    await show(plan);
    return { plan: plan.totals };
  });
}

function withPlan(scanned: ScanResult, plan: Plan): ScanResult & { readonly plan: PlanTotals } {
  const read = { ...scanned.scan, readBytes: scanned.scan.readBytes + plan.readBytes };
  return { ...scanned, scan: read, plan: plan.totals };
}

/** Finds the sources and the archive, keeps other runs out, and lets `work` have a run of its own. */
export async function underLock(app: App, command: string, work: Work): Promise<Outcome> {
  const targets = await findTargets(app);
  const { archive } = targets;
  return withRun(app, { command, archiveId: archive?.id ?? null }, async (run) => {
    if (archive !== null) await recallRelinks(app, archive);
    return work(targets, run);
  });
}

/** Keeps other runs out, and lets `work` have a run of its own. */
export async function withRun(
  app: App,
  { command, archiveId }: { readonly command: string; readonly archiveId: number | null },
  work: (runId: string) => Promise<Omit<Summary, "command" | "status" | "run">>,
): Promise<Outcome> {
  const lock = await holdRunLock(app.db);
  if (lock === null) throw runActive();
  await using _held = lock;
  await closeKilledRuns(app.db);
  const startedAt = app.now();
  const run = runId(startedAt);
  await beginRun(app.db, { id: run, command, startedAt, archiveId });
  try {
    const done = await work(run);
    const { all: problems, alarms } = await countProblems(app.db, run, alarmCodes);
    const interrupted = app.signal.aborted;
    const summary: Summary = { command, status: problems > 0 || interrupted ? "incomplete" : "complete", run, ...done };
    await end(app, run, interrupted ? "interrupted" : summary.status, summary);
    return { summary, problems, alarms, interrupted };
  } catch (error) {
    // The failure itself is what the user must see, not that it could not be written down.
    await end(app, run, "failed", null).catch(() => undefined);
    throw error;
  }
}

function end(app: App, id: string, status: RunStatus, summary: Summary | null): Promise<void> {
  return endRun(app.db, id, { status, endedAt: app.now(), summary });
}

/** Sorts by time, can be told apart by eye, and is a file name: "20261123-091502-3fa2". */
function runId(at: Date): string {
  const time = at
    .toISOString()
    .replace(/[-:]|\..*$/g, "")
    .replace("T", "-");
  return `${time}-${randomBytes(2).toString("hex")}`;
}

function requireArchive(targets: Targets): { sources: readonly Target[]; archive: Target } {
  const { sources } = targets;
  if (sources.length === 0) {
    throw new AppError("NO_SOURCE", ExitCode.usage, "no source is named", {
      hint: "Name one with --source DIR, or write a config file: onefold init",
    });
  }
  return { sources, archive: archiveOf(targets) };
}

/** @throws AppError NO_ARCHIVE */
export function archiveOf({ archive }: Targets): Target {
  if (archive !== null) return archive;
  throw new AppError("NO_ARCHIVE", ExitCode.usage, "no archive is named", {
    hint: "Name one with --archive DIR, or write a config file: onefold init",
  });
}

function chosen(targets: Targets, names: readonly string[]): Targets {
  if (names.length === 0) return targets;
  const known = new Set<string>(targets.sources.map(({ name }) => name));
  const unknown = names.filter((name) => !known.has(name));
  if (unknown.length > 0) {
    throw new AppError("NO_SUCH_SOURCE", ExitCode.usage, `there is no source named ${unknown.join(", ")}`, {
      hint: `Sources are: ${[...known].join(", ")}`,
    });
  }
  return { ...targets, sources: targets.sources.filter(({ name }) => names.includes(name)) };
}

function runActive(): AppError {
  return new AppError("RUN_ACTIVE", ExitCode.busy, "another run is active on this database", {
    hint: "Wait until it has ended; onefold status shows it.",
  });
}
