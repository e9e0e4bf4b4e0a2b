import { AppError, ExitCode, systemCode } from "../model/errors.ts";

/** What one look at the surroundings has found. */
export interface Check {
  /** Plain words, the same in every run: "archive space", `source "nas"`. */
  readonly name: string;
  readonly ok: boolean;
  /** What is so, or what is wrong; several lines where there are several things to say. */
  readonly detail: string;
  /** How to mend it; null where nothing is to be mended. */
  readonly fix: string | null;
  /** What a command that meets this ends with; 0 where nothing is wrong. */
  readonly status: ExitCode;
}

export const databaseLabel = "database";

export function good(name: string, detail: string, advice: readonly string[] = []): Check {
  return { name, ok: true, detail: printable([detail, ...advice].join("; ")), fix: null, status: ExitCode.ok };
}

export function bad(name: string, detail: string, fix: string, status: ExitCode = ExitCode.refused): Check {
  return { name, ok: false, detail: printable(detail), fix: printable(fix), status };
}

/**
 * A check that ended with an error.
 *
 * @throws the error itself if it is a bug
 */
export function failed(name: string, error: unknown): Check {
  if (error instanceof AppError) {
    // Its message may begin with what it is about, which is the name here.
    const detail = error.message.startsWith(`${name}: `) ? error.message.slice(name.length + 2) : error.message;
    return bad(name, detail, error.hint ?? `Look ${error.code} up in the manual.`, error.exitCode);
  }
  const code = systemCode(error);
  if (code === null || !(error instanceof Error)) throw error;
  return bad(name, `the system reported ${error.message}`, "Look at the disk or share, and at the system's log.");
}

/** The work's check, or a failed one. */
export async function attempt(name: string, work: () => Promise<Check>): Promise<Check> {
  try {
    return await work();
  } catch (error) {
    return failed(name, error);
  }
}

/** What the program ends with: a wrong config outweighs all else; 5 only if nothing but the database is out of reach. */
export function statusOf(checks: readonly Check[]): ExitCode {
  const wrong = checks.filter(({ ok }) => !ok);
  if (wrong.length === 0) return ExitCode.ok;
  if (wrong.some(({ status }) => status === ExitCode.usage)) return ExitCode.usage;
  const unreachable = wrong.every(({ name, status }) => name === databaseLabel && status === ExitCode.unavailable);
  return unreachable ? ExitCode.unavailable : ExitCode.refused;
}

/** Names from outside may hold control characters; only ends of lines are ours. */
function printable(text: string): string {
  return text.replace(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/g, (character) =>
    [...Buffer.from(character)].map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join(""),
  );
}
