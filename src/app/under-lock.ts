import { randomBytes } from "node:crypto";
import { countProblems } from "../inventory/problems.ts";
import { holdRunLock } from "../inventory/run-lock.ts";
import { beginRun, closeKilledRuns, endRun, type RunStatus } from "../inventory/runs.ts";
import { AppError, ExitCode } from "../model/errors.ts";
import type { App } from "./context.ts";
import { recallRuns } from "./recall.ts";
import { findTargets, type Target, type Targets } from "./targets.ts";
import { alarmCodes } from "./trouble.ts";

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
  /** Ctrl-C or SIGTERM came before everything was done. */
  readonly interrupted: boolean;
}

/** Finds the sources and the archive, keeps other runs out, and lets `work` have a run of its own. */
export async function underLock<Parts>(
  app: App,
  command: string,
  work: (targets: Targets, runId: string) => Promise<Parts>,
): Promise<Outcome<Parts>> {
  const targets = await findTargets(app);
  const { archive } = targets;
  return withRun(app, { command, archiveId: archive?.id ?? null }, async (run) => {
    if (archive !== null) await recallRuns(app, archive);
    return work(targets, run);
  });
}

/** Keeps other runs out, and lets `work` have a run of its own. */
export async function withRun<Parts>(
  app: App,
  { command, archiveId }: { readonly command: string; readonly archiveId: number | null },
  work: (runId: string) => Promise<Parts>,
): Promise<Outcome<Parts>> {
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
    const status = problems > 0 || interrupted ? "incomplete" : "complete";
    const summary: Ran & Parts = { command, status, run, ...done };
    await end(app, run, interrupted ? "interrupted" : status, summary);
    return { summary, problems, alarms, interrupted };
  } catch (error) {
    // The failure itself is what the user must see, not that it could not be written down.
    await end(app, run, "failed", null).catch(() => undefined);
    throw error;
  }
}

function end(app: App, id: string, status: RunStatus, summary: unknown): Promise<void> {
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

/** @throws AppError NO_ARCHIVE */
export function archiveOf({ archive }: Targets): Target {
  if (archive !== null) return archive;
  throw new AppError("NO_ARCHIVE", ExitCode.usage, "no archive is named", {
    hint: "Name one with --archive DIR, or write a config file: onefold init",
  });
}

function runActive(): AppError {
  return new AppError("RUN_ACTIVE", ExitCode.busy, "another run is active on this database", {
    hint: "Wait until it has ended; onefold status shows it.",
  });
}
