import type { Operation } from "../model/operation.ts";
import { consolidate, takeArchive } from "./consolidate.ts";
import type { App } from "./context.ts";
import { allOperations, makePlan, type Plan, type PlanTotals, type Room } from "./plan.ts";
import type { ConsolidateTotals } from "./recorder.ts";
import { type ScanResult, type ScanTotals, scan } from "./scan.ts";
import type { Acceptance, Targets } from "./targets.ts";
import { type Outcome, requireArchive, underLock } from "./under-lock.ts";

/** What the main job's commands say; parts that do not apply are absent. */
export interface RunParts {
  readonly scan?: ScanTotals;
  readonly duplicates?: ScanResult["duplicates"];
  readonly plan?: PlanTotals;
  /** What is free in the archive; where nothing was carried out. */
  readonly room?: Room;
  readonly consolidate?: ConsolidateTotals;
}

/** `onefold run`: scan, plan, consolidate; or the first two alone. */
export function runCommand(
  app: App,
  { until, acceptance }: { readonly until: "planned" | "consolidated"; readonly acceptance: Acceptance },
): Promise<Outcome<RunParts>> {
  const work = async (targets: Targets, runId: string): Promise<RunParts> => {
    const withArchive = requireArchive(targets);
    if (until === "planned") {
      const scanned = await scan(app, targets, runId);
      if (app.signal.aborted) return scanned;
      await using plan = await makePlan(app, withArchive, runId);
      return { ...withPlan(scanned, plan), room: plan.room };
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
      command: "run",
      runId,
      replan: () => makePlan(app, withArchive, runId),
    });
    const read = { ...planned.scan, readBytes: planned.scan.readBytes + readBytes };
    return { ...planned, scan: read, consolidate: totals };
  };
  return underLock(app, "run", work, { acceptance });
}

/** `onefold consolidate`: carries out what the inventory as it is asks for. */
export function consolidateCommand(app: App): Promise<Outcome<RunParts>> {
  return underLock<RunParts>(app, "consolidate", async (targets, runId) => {
    const withArchive = requireArchive(targets);
    await using archive = await takeArchive(app, withArchive.archive, "consolidate");
    const replan = () => makePlan(app, withArchive, runId);
    await using plan = await replan();
    if (app.signal.aborted) return { plan: plan.totals };
    const { totals } = await consolidate(app, plan, { archive, command: "consolidate", runId, replan });
    return { plan: plan.totals, consolidate: totals };
  });
}

/** `onefold plan`: makes the plan from the inventory as it is and hands it over; changes nothing. */
export function planCommand(
  app: App,
  show: (plan: Plan, operations: AsyncIterable<readonly Operation[]>) => Promise<void>,
): Promise<Outcome<RunParts>> {
  return underLock<RunParts>(app, "plan", async (targets, runId) => {
    await using plan = await makePlan(app, requireArchive(targets), runId);
    await show(plan, allOperations(plan));
    return { plan: plan.totals, room: plan.room };
  });
}

function withPlan(scanned: ScanResult, plan: Plan): ScanResult & { readonly plan: PlanTotals } {
  const read = { ...scanned.scan, readBytes: scanned.scan.readBytes + plan.readBytes };
  return { ...scanned, scan: read, plan: plan.totals };
}
