/** Apart from the other commands: a scan does without half of what these load. */
import { AppError, ExitCode } from "../model/errors.ts";
import type { App } from "./context.ts";
import type { RunParts } from "./run.ts";
import { type Engine, scan } from "./scan.ts";
import type { Acceptance, Targets } from "./targets.ts";
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
  const known = new Set<string>(targets.sources.map(({ name }) => name));
  const unknown = names.filter((name) => !known.has(name));
  if (unknown.length > 0) {
    throw new AppError("NO_SUCH_SOURCE", ExitCode.usage, `there is no source named ${unknown.join(", ")}`, {
      hint: `Sources are: ${[...known].join(", ")}`,
    });
  }
  return { ...targets, sources: targets.sources.filter(({ name }) => names.includes(name)) };
}
