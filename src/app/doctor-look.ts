import { fileURLToPath } from "node:url";
import { AppError, ExitCode } from "../model/errors.ts";
import type { PathText } from "../model/path.ts";
import type { Ask } from "./doctor-ask.ts";

/** A folder that is there and can be read. */
export interface Look {
  /** Absolute, without symbolic links. */
  readonly root: PathText;
  /** How many names are in it. */
  readonly names: number;
}

/** What the process that looks writes to its standard output. */
export type LookResult = Look | { readonly error: PlainError };

interface PlainError {
  readonly code: string;
  readonly exitCode: ExitCode;
  readonly message: string;
  readonly hint: string | undefined;
}

const timeoutMs = 20_000;
const entry = fileURLToPath(new URL("./doctor-look-process.js", import.meta.url));

/**
 * Resolves and lists a folder that a person named, in a process of its own: on a share whose server is gone
 * the call may hang for minutes, and the other checks must go on.
 *
 * @throws AppError as resolveRoot does, ROOT_SILENT if there is no answer within 20 s
 */
export async function lookAt(path: PathText, what: string, ask: Ask): Promise<Look> {
  const answer = await ask(process.execPath, [entry, path, what], { timeoutMs });
  if (answer.kind === "silent") throw silent(path, what);
  if (answer.kind === "missing" || answer.status !== 0) {
    throw new Error(`looking at ${path} failed: ${answer.kind === "missing" ? "node does not start" : answer.stderr}`);
  }
  const result: LookResult = JSON.parse(answer.stdout);
  if (!("error" in result)) return result;
  const { code, exitCode, message, hint } = result.error;
  throw new AppError(code, exitCode, message, hint === undefined ? {} : { hint });
}

function silent(path: PathText, what: string): AppError {
  return new AppError("ROOT_SILENT", ExitCode.refused, `${what}: ${path} does not answer`, {
    hint: "Its server or disk hangs: see whether the server is up, or unmount (umount -l) and mount it again.",
  });
}
