import { AppError, ExitCode } from "../model/errors.ts";
import type { Console } from "./terminal.ts";

/**
 * Shows why a command ended early, and gives the exit status for it. What a user can act on is
 * one line and a hint; a bug keeps its stack.
 */
export async function reportFailure(thrown: unknown, console: Console): Promise<ExitCode> {
  const error = firstOf(thrown);
  if (error instanceof AppError) {
    const { code, message, hint, exitCode } = error;
    // One line, so that a script finds its code; several faults of one kind follow, a line each.
    const [sentence = "", ...details] = message.split("\n");
    console.message(`error: ${sentence} [${code}]`);
    for (const detail of details) console.message(`  ${detail}`);
    if (hint !== undefined) console.message(`  hint: ${hint}`);
    if (console.json) await console.document({ error: { code, message, ...(hint === undefined ? {} : { hint }) } });
    return exitCode;
  }
  const message = error instanceof Error ? error.message : String(error);
  console.message(`error: ${message} [BUG]`);
  console.message("  hint: This should not have happened: please report it with the lines below.");
  console.message(error instanceof Error ? (error.stack ?? "") : "");
  if (console.json) await console.document({ error: { code: "BUG", message, hint: "please report" } });
  return ExitCode.bug;
}

/** Why it began to fail: on its way out it closes what it had open, which may fail for the same reason. */
function firstOf(error: unknown): unknown {
  const isLater = error instanceof Error && error.name === "SuppressedError" && "suppressed" in error;
  return isLater ? firstOf(error.suppressed) : error;
}
