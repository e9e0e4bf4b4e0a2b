import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { neutralSurroundings } from "../src/testing/onefold.ts";

/** A command line to measure. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  /** Besides what everybody gets; see {@link start}. */
  readonly env?: Readonly<Record<string, string>>;
  /** Where its standard output goes; its standard error goes beside it. */
  readonly output: string;
  /** What it prints is thrown away; for what would fill the disk. */
  readonly discards?: true;
  /** Exit statuses that mean success. */
  readonly accepts?: readonly number[];
  readonly cwd?: string;
}

/** A command that did not do what was asked: its row says so, the others go on. */
export class CommandFailed extends Error {
  constructor({ program, output }: Command, ended: string) {
    const lines = readFileSync(`${output}.err`, "utf8").trim().split("\n");
    const said = lines.find((line) => /error/i.test(line)) ?? lines.at(-1) ?? "";
    super(`${program} ended with ${ended}${said === "" ? "" : `: ${said.slice(0, 200)}`}`);
  }
}

/** Runs it to its end. @returns seconds, from before it was started @throws CommandFailed */
export async function run(command: Command): Promise<number> {
  await using running = launch(command);
  await running.ended;
  return running.seconds();
}

export interface Launched extends AsyncDisposable {
  readonly pid: number;
  /** Rejects with {@link CommandFailed}. */
  readonly ended: Promise<void>;
  /** From before it was started until now, or until it ended. */
  seconds(): number;
}

/** Starts a command. @param by A program and its arguments that start it: the command's own line follows. */
export function launch(command: Command, by: readonly string[] = []): Launched {
  const output = openSync(command.discards ? "/dev/null" : command.output, "w");
  const errors = openSync(`${command.output}.err`, "w");
  const [program = "", ...args] = [...by, command.program, ...command.args];
  const began = performance.now();
  let over: number | null = null;
  const child = spawn(program, args, {
    stdio: ["ignore", output, errors],
    env: { ...neutralSurroundings(), ...command.env },
    ...(command.cwd === undefined ? {} : { cwd: command.cwd }),
  });
  const ended = once(child, "exit").then(([status, signal]: (number | string | null)[]) => {
    over = performance.now();
    if ((command.accepts ?? [0]).some((accepted) => accepted === status)) return;
    throw new CommandFailed(command, String(signal ?? `status ${status}`));
  });
  return {
    pid: child.pid ?? 0,
    ended,
    seconds: () => ((over ?? performance.now()) - began) / 1000,
    [Symbol.asyncDispose]: async () => {
      closeSync(output);
      closeSync(errors);
    },
  };
}

/** The same, and its time is not over before all it wrote below `folder` is on the disk. */
export function flushed(command: Command, folder: string): Command {
  const script = 'folder=$1; shift; "$@" && sync -f "$folder"';
  return { ...command, program: "sh", args: ["-c", script, "sh", folder, command.program, ...command.args] };
}

/** Runs a helper of ours, untimed. @throws Error if it fails */
export function help(program: string, ...args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(program, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${program} ${args.join(" ")} failed: ${error?.message ?? stderr}`);
}

/** What a program says on either stream; null if it is not there. */
export function saying(program: string, ...args: readonly string[]): string | null {
  const { error, stdout, stderr } = spawnSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  return error === undefined ? `${stdout}${stderr}` : null;
}
