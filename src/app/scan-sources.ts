/** Apart from the other commands: a scan does without half of what these load. */
import type { App } from "./context.ts";
import type { RunParts } from "./run.ts";
import { type Engine, scan } from "./scan.ts";
import { type Acceptance, refuseUnknown, type Targets } from "./targets.ts";
import { type Outcome, underLock } from "./under-lock.ts";

/** `onefold scan`: brings the inventory up to date; of all sources, or of those named. */
export function scanCommand(
  app: App,
  names: readonly string[],
  { engine, acceptance }: { readonly engine: Engine; readonly acceptance: Acceptance },
): Promise<Outcome<RunParts>> {
  const work = (targets: Targets, runId: string) => scan(app, chosen(targets, names), runId, { engine });
  return underLock<RunParts>(app, "scan", work, { acceptance });
}

function chosen(targets: Targets, names: readonly string[]): Targets {
  if (names.length === 0) return targets;
  refuseUnknown(names, targets.sources);
  return { ...targets, sources: targets.sources.filter(({ name }) => names.includes(name)) };
}
