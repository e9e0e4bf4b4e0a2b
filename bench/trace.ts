/** What a command reads of the files of a tree: calls and bytes, as the kernel saw them. In a run of its own, untimed. */
import { spawnSync } from "node:child_process";
import { createReadStream } from "node:fs";
import { rm } from "node:fs/promises";
import { createInterface } from "node:readline";
import { type Command, launch } from "./command.ts";

export interface Reads {
  readonly calls: number;
  readonly bytes: number;
}

/** The first of their arguments is what is read. */
const traced = "read,pread64,readv,preadv,preadv2,copy_file_range";

/** @param below Folders whose files count. @returns null if strace cannot do it here @throws CommandFailed */
export async function traceReads(command: Command, below: readonly string[]): Promise<Reads | null> {
  if (!canTrace()) return null;
  const trace = `${command.output}.trace`;
  const options = ["-f", "-qq", "--seccomp-bpf", "-y", "-s", "0", "-e", "signal=none", "-e", `trace=${traced}`];
  try {
    await using running = launch(command, ["strace", ...options, "-o", trace]);
    await running.ended;
    const reads = new ReadCounter(below);
    for await (const line of createInterface({ input: createReadStream(trace) })) reads.take(line);
    return reads.counted();
  } finally {
    await rm(trace, { force: true });
  }
}

function canTrace(): boolean {
  return spawnSync("strace", ["-f", "--seccomp-bpf", "-qq", "-o", "/dev/null", "true"]).status === 0;
}

/** Adds up the lines of `strace -f -y`. A call that another one interrupts stands in two lines. */
export class ReadCounter {
  readonly #below: readonly string[];
  /** Processes in the middle of a call that counts. */
  readonly #waiting = new Set<string>();
  #calls = 0;
  #bytes = 0;

  /** @param below Absolute, without "/" at their ends. */
  constructor(below: readonly string[]) {
    this.#below = below.map((folder) => `${folder}/`);
  }

  take(line: string): void {
    const [, pid = "", path] =
      /^(\d+) +\w+\(\d+<([^>]*)>/.exec(line) ?? /^(\d+) +<\.\.\. \w+ resumed>/.exec(line) ?? [];
    const counts =
      path === undefined ? this.#waiting.delete(pid) : this.#below.some((folder) => path.startsWith(folder));
    if (!counts) return;
    if (line.endsWith("<unfinished ...>")) {
      this.#waiting.add(pid);
      return;
    }
    this.#calls += 1;
    this.#bytes += Math.max(0, Number(/= (-?\d+)[^=]*$/.exec(line)?.[1] ?? 0));
  }

  counted(): Reads {
    return { calls: this.#calls, bytes: this.#bytes };
  }
}
