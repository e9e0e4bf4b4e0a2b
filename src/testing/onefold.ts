import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../main.js", import.meta.url));

export interface ProgramOptions {
  readonly cwd?: string;
  /** Instead of the surroundings' own; undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** User and group to run as; only root may say so. */
  readonly uid?: number | undefined;
  /** In a process group of its own. */
  readonly detached?: boolean;
}

/** How the program ended, and what it said. */
export interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Settles when the text was said on either stream, or the program has ended without. */
  said(text: string | RegExp): Promise<void>;
}

/** What `run`, `scan` and `consolidate` print with `--json`. */
export interface Summary {
  readonly command: string;
  readonly status: "complete" | "incomplete";
  readonly run: string;
  readonly scan: Readonly<Record<ScanNumber, number>>;
  readonly duplicates: { readonly groups: number; readonly files: number; readonly bytes: number };
  readonly plan: Readonly<Record<"copyFiles" | "copyBytes" | "linkFiles" | "alreadyArchived", number>>;
  readonly consolidate: Readonly<
    Record<"copiedFiles" | "copiedBytes" | "linkedFiles" | "alreadyArchived" | "failed", number>
  >;
  readonly problems: readonly ListedProblem[];
}

type ScanNumber =
  | "files"
  | "bytes"
  | "new"
  | "changed"
  | "unchanged"
  | "missing"
  | "readBytes"
  | "hashedFiles"
  | "unreadable"
  | "seconds";

export interface ListedProblem {
  readonly source: string;
  readonly path: string;
  readonly code: string;
  readonly message: string;
}

export interface ListedOperation {
  readonly do: "copy" | "link" | "skip";
  readonly hash?: string;
  readonly size: number;
  readonly from: { readonly source: string; readonly path: string };
  readonly to?: string;
  readonly because: string;
  readonly captured?: { readonly at: string; readonly from: string };
}

export interface ListedGroup {
  readonly hash: string;
  readonly size: number;
  readonly files: readonly { readonly source: string; readonly path: string; readonly mtime: string }[];
  readonly original: { readonly source: string; readonly path: string; readonly because: string };
  readonly entry: string | null;
}

/** Runs the built program to its end. */
export function onefold(args: readonly string[], options: ProgramOptions = {}): Promise<Ended> {
  return startOnefold(args, options).ended;
}

/** Starts the built program. Nothing of the tests' own surroundings that onefold heeds reaches it. */
export function startOnefold(
  args: readonly string[],
  { cwd, env = {}, uid, detached = false }: ProgramOptions = {},
): Running {
  const child = spawn(process.execPath, [main, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...neutralSurroundings(), ...env },
    detached,
    ...(cwd === undefined ? {} : { cwd }),
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  return watch(child);
}

/** Runs the built program by another one; all its processes are ended if that takes longer than `patience` ms. */
export async function onefoldBy(
  starter: readonly string[],
  args: readonly string[],
  { cwd, env = {} }: ProgramOptions,
  patience: number,
): Promise<Ended> {
  const [command = "", ...before] = starter;
  const child = spawn(command, [...before, ...programLine(args)], {
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
    env: { ...neutralSurroundings(), ...env },
    ...(cwd === undefined ? {} : { cwd }),
  });
  const timer = setTimeout(() => process.kill(-(child.pid ?? 0), "SIGKILL"), patience);
  const ended = await watch(child).ended;
  clearTimeout(timer);
  return ended;
}

/** Command and arguments of the program, for those that start it by other means. */
export function programLine(args: readonly string[]): readonly string[] {
  return [process.execPath, main, ...args];
}

/** The environment without what onefold and PostgreSQL's clients heed. */
export function neutralSurroundings(): NodeJS.ProcessEnv {
  const heeded = /^(?:ONEFOLD_|XDG_|PG)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !heeded.test(name)));
}

/** The documents on standard output, a line each. The shape is what interface documents promise. */
export function documentsOf<Shape>({ stdout }: Ended): Shape[] {
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line): Shape => JSON.parse(line));
}

/** The one document on standard output. */
export function documentOf<Shape>(ended: Ended): Shape {
  const [first, ...others] = documentsOf<Shape>(ended);
  if (first === undefined || others.length > 0) {
    throw new Error(`expected one document, got ${JSON.stringify(ended)}`);
  }
  return first;
}

function watch(child: ChildProcess): Running {
  const said: Record<"stdout" | "stderr", string> = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream]?.setEncoding("utf8").on("data", (text: string) => {
      said[stream] += text;
    });
  }
  const ended = once(child, "close").then((): Ended => {
    return { status: child.exitCode, signal: child.signalCode, ...said };
  });
  const hasSaid = (text: string | RegExp) =>
    [said.stdout, said.stderr].some((all) => (typeof text === "string" ? all.includes(text) : text.test(all)));
  return {
    child,
    ended,
    said: (text) =>
      new Promise((resolve) => {
        const look = () => {
          if (hasSaid(text)) resolve();
        };
        child.stdout?.on("data", look);
        child.stderr?.on("data", look);
        child.once("close", () => resolve());
        look();
      }),
  };
}
