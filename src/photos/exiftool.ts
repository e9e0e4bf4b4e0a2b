import { type ChildProcess, execFile, spawn } from "node:child_process";
import { constants } from "node:fs";
import { open, readFile } from "node:fs/promises";
import { promisify } from "node:util";
import type { ExifTool } from "exiftool-vendored";
import type { Tags } from "./exiftool-dates.ts";

export type ExiftoolAvailability =
  | { readonly available: true; readonly version: string }
  | { readonly available: false; readonly reason: string };

const readArgs = [
  ..."-fast -G1 -a -s -api largefilesupport=1 -time:all".split(" "),
  ..."-Make -Model -Software -ContentIdentifier -MediaGroupUUID".split(" "),
];
const taskTimeoutMs = 5 * 60_000; // 30 s, the default, is short for a film on a slow share
const spawnTimeoutMs = 60_000;
const failuresInRow = 5;

/** Tries exiftool and the perl it needs. Starts one short process: about 0.1 s. */
export async function exiftoolAvailable(): Promise<ExiftoolAvailability> {
  try {
    const { exiftoolPath } = await import("exiftool-vendored");
    // The small perl of some systems starts, but lacks modules that reading needs.
    const modules = ["-MTime::Local", "-MPOSIX", "-MEncode", "-MCompress::Zlib"];
    const { stdout } = await promisify(execFile)("perl", [...modules, await exiftoolPath(), "-ver"], {
      timeout: 30_000,
    });
    return { available: true, version: stdout.trim() };
  } catch (error) {
    const missing = error instanceof Error && "code" in error && error.code === "ENOENT";
    const [line = ""] = String(error instanceof Error ? error.message : error)
      .split("\n")
      .slice(-2);
    return { available: false, reason: missing ? "perl is not installed" : `perl cannot run exiftool: ${line}` };
  }
}

/** What exiftool read of one file. */
export interface ExiftoolReading {
  readonly tags: Tags;
  /**
   * Bytes that the process read meanwhile, by the system's count, but at most the file's length. An upper bound:
   * modules that it loaded on the way are in it. The length, where the system does not tell.
   */
  readonly bytesRead: number;
}

/** One exiftool process at work on one file at a time, so that the bytes it reads can be told. */
interface Lane {
  readonly tool: ExifTool;
}

/**
 * A few exiftool processes, started when first needed. Files reach them as open descriptors of this process, so
 * no name, however odd, is ever an argument. Ends its processes when disposed; they also end with this process.
 */
export class Exiftool implements AsyncDisposable {
  readonly #idle: Lane[] = [];
  readonly #all: Lane[] = [];
  readonly #waiting: ((lane: Lane) => void)[] = [];
  readonly #size: number;
  #failures = 0;
  #ended = false;

  constructor(processes: number) {
    this.#size = processes;
  }

  /** Too many readings in a row have failed, so the tool itself is broken: ask it no more. */
  get broken(): boolean {
    return this.#failures >= failuresInRow;
  }

  /** @throws Error if the file cannot be opened, or exiftool fails or takes longer than five minutes. */
  async read(path: string | Buffer): Promise<ExiftoolReading> {
    await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const { size } = await file.stat();
    const lane = await this.#take();
    try {
      // Starts the process, so that its start does not count as reading.
      if (lane.tool.pids.length === 0) await lane.tool.version();
      const before = await bytesReadBy(lane.tool.pids);
      const tags = await lane.tool.readRaw(`/proc/${process.pid}/fd/${file.fd}`, { readArgs, useMWG: false });
      const after = await bytesReadBy(lane.tool.pids);
      this.#failures = 0;
      return {
        tags: tags as Tags,
        bytesRead: before === null || after === null ? size : Math.min(size, after - before),
      };
    } catch (error) {
      this.#failures++;
      throw error;
    } finally {
      this.#giveBack(lane);
    }
  }

  /** Ends the processes at once; readings under way are rejected. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true;
    await Promise.all(this.#all.map(({ tool }) => tool.end(false)));
  }

  async #take(): Promise<Lane> {
    if (this.#ended) throw new Error("exiftool was ended");
    const idle = this.#idle.pop();
    if (idle !== undefined) return idle;
    if (this.#all.length >= this.#size) return new Promise((resolve) => this.#waiting.push(resolve));
    const lane: Lane = { tool: await startLater() };
    this.#all.push(lane);
    return lane;
  }

  #giveBack(lane: Lane): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#idle.push(lane);
    else next(lane);
  }
}

/** Loading the package takes 0.1 s and is seldom needed, so it waits until it is. */
async function startLater(): Promise<ExifTool> {
  const { ExifTool, exiftoolPath } = await import("exiftool-vendored");
  const script = await exiftoolPath();
  return new ExifTool({
    processFactory: () => startWatching(script),
    maxProcs: 1,
    taskTimeoutMillis: taskTimeoutMs,
    spawnTimeoutMillis: spawnTimeoutMs,
    taskRetries: 0,
    useMWG: false,
    geolocation: false,
  });
}

/**
 * exiftool waits for commands for ever, also when nobody is left to give any: each process that is killed would
 * leave it behind, looking for input a hundred times a second. So it gets a clock that ends it with its parent.
 */
function startWatching(script: string): ChildProcess {
  const stay = ["-stay_open", "True", "-@", "-"];
  const env = { PATH: process.env["PATH"], LANG: "C" };
  return spawn("perl", ["-e", endWithParent, String(process.pid), script, ...stay], { stdio: "pipe", env });
}

// SA_RESTART: an interrupted read of its commands would end exiftool.
const endWithParent = `
  use POSIX ();
  my $parent = shift @ARGV;
  my $look = sub { exit 0 if getppid() != $parent; alarm 2 };
  my $action = POSIX::SigAction->new($look, POSIX::SigSet->new(), POSIX::SA_RESTART);
  $action->safe(1);
  POSIX::sigaction(POSIX::SIGALRM, $action);
  alarm 2;
  $0 = shift @ARGV;
  do $0;
  die $@ if $@;
`;

async function bytesReadBy(pids: readonly number[]): Promise<number | null> {
  const [pid, ...others] = pids;
  if (pid === undefined || others.length > 0) return null;
  const counts = await readFile(`/proc/${pid}/io`, "utf8").catch(() => "");
  const [, count] = /^rchar: (\d+)$/m.exec(counts) ?? [];
  return count === undefined ? null : Number(count);
}
