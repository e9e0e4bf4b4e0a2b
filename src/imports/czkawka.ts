/** Runs the user's own czkawka_cli. What it finds comes back as a file of results, read like any other. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { promisify } from "node:util";
import { AppError, ExitCode } from "../model/errors.ts";
import { type PathText, systemPath } from "../model/path.ts";

export interface Czkawka {
  /** Name or path of the program. */
  readonly command: string;
  /** "12.0.2". */
  readonly version: string;
}

export interface CzkawkaSearch {
  /** Absolute. None may be the beginning of another. */
  readonly roots: readonly PathText[];
  /** Where its JSON goes; nothing stands there yet. */
  readonly resultFile: string;
  /** 0: as many as there are processors. */
  readonly threads: number;
  /** Whether it may draw its progress on our terminal. */
  readonly draws: boolean;
  readonly signal: AbortSignal;
}

/** The first that writes JSON. */
const oldest = [6, 1] as const;
/** The first whose results need not be printed, too. */
const quietSince = [9, 0] as const;
/** "Done, with duplicates" since 9.0. */
const foundStatus = 11;

/**
 * Asks czkawka_cli for its version.
 *
 * @throws AppError CZKAWKA_NOT_FOUND, CZKAWKA_TOO_OLD
 */
export async function findCzkawka(command: string): Promise<Czkawka> {
  const { stdout } = await promisify(execFile)(command, ["--version"], { timeout: 30_000 }).catch((cause: unknown) => {
    throw new AppError("CZKAWKA_NOT_FOUND", ExitCode.usage, `${command} cannot be started`, {
      hint: 'Install it (cargo install czkawka_cli), name it in the config ([czkawka] command = "/path/to/czkawka_cli"), or scan without --engine.',
      cause,
    });
  });
  const version = /\d+\.\d+[\w.-]*/.exec(stdout)?.[0] ?? "0.0";
  if (isOlder(version, oldest)) {
    throw new AppError("CZKAWKA_TOO_OLD", ExitCode.usage, `${command} is version ${version}; 6.1 or newer is needed`, {
      hint: "Update it (cargo install czkawka_cli; rustup update first if that fails), or scan without --engine.",
    });
  }
  return { command, version };
}

/**
 * Lets it search all roots for equal files, from one byte on. Returns when the results are written; they may be a
 * part only, if `signal` stopped it.
 *
 * @throws AppError CZKAWKA_FAILED, CZKAWKA_KILLED with its last words
 */
export async function searchWithCzkawka({ command, version }: Czkawka, search: CzkawkaSearch): Promise<void> {
  const { signal, draws, resultFile } = search;
  const args = argumentsFor(version, search);
  const child = spawn(command, args, { stdio: ["ignore", "pipe", draws ? "inherit" : "pipe"] });
  const stop = () => child.kill("SIGINT");
  signal.addEventListener("abort", stop, { once: true });
  try {
    const said = lastWords(child);
    const [status, killedBy] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
    if (status === 0 || status === foundStatus || signal.aborted) {
      if (said().includes("Cannot start scan")) throw failed(command, "it found no folder to search", said());
      if (!signal.aborted && !existsSync(resultFile)) throw failed(command, "it wrote no result", said());
      return;
    }
    if (killedBy !== null) throw killed(command, killedBy);
    throw failed(
      command,
      status === 2 ? "it did not understand its options" : `it ended with status ${status}`,
      said(),
    );
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

function argumentsFor(version: string, { roots, resultFile, threads }: CzkawkaSearch): string[] {
  const flags = ["dup", "-s", "HASH", "-t", "BLAKE3", "-m", "1"];
  // Its own hard-link filter compares inode numbers alone, and so loses equal files of different mounts.
  flags.push("-L", "-T", String(threads), "--compact-file-to-save", resultFile);
  if (!isOlder(version, quietSince)) flags.push("-N");
  for (const root of roots) flags.push("-d", nameForProgram(root));
  return flags;
}

/** An argument is text to node, so a root whose name is not UTF-8 cannot be named. */
function nameForProgram(root: PathText): string {
  const name = systemPath(root);
  if (typeof name === "string") return name;
  throw new AppError("CZKAWKA_FAILED", ExitCode.usage, `czkawka_cli cannot be given the folder ${root}`, {
    hint: "Mount it under a name of plain text, or scan without --engine.",
  });
}

function isOlder(version: string, [major, minor]: readonly [number, number]): boolean {
  const [ours = 0, oursMinor = 0] = version.split(".").map(Number);
  return ours < major || (ours === major && oursMinor < minor);
}

/** Keeps the end of what it says. */
function lastWords(child: ChildProcess): () => string {
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (more: string) => {
      text = (text + more).slice(-2_000);
    });
  }
  return () => text;
}

function failed(command: string, why: string, said: string): AppError {
  const words = said
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !/^-{3,}/.test(line))
    .slice(0, 3)
    .join(" / ");
  return new AppError("CZKAWKA_FAILED", ExitCode.unavailable, `${command} failed: ${why}`, {
    hint: `It said: ${words === "" ? "nothing" : words}. Scanning without --engine does the same work.`,
  });
}

function killed(command: string, by: NodeJS.Signals): AppError {
  return new AppError("CZKAWKA_KILLED", ExitCode.unavailable, `${command} was killed (${by})`, {
    hint: "If the machine ran out of memory, scan without --engine: onefold's own memory does not grow with the files.",
  });
}
