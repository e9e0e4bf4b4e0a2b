import type { Outcome, Step } from "./outcome.ts";

/** An outcome that is listed for the user while the other files go on. */
export function failed(operation: Step, why: { code: string; message: string }, bytesRead: number): Outcome {
  const { source, path } = operation.from;
  return { kind: "failed", problem: { source, path, code: why.code, message: why.message }, bytesRead };
}
