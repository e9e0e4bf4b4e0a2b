import { open } from "node:fs/promises";
import type { ExifTool } from "exiftool-vendored";
import { unfollowed } from "../disk/open-file.ts";
import type { Tags } from "./exiftool-dates.ts";
import { bytesReadBy, startLater } from "./exiftool-process.ts";

const readArgs = [
  ..."-fast -G1 -a -s -api largefilesupport=1 -time:all".split(" "),
  ..."-Make -Model -Software -ContentIdentifier -MediaGroupUUID".split(" "),
];
const failuresInRow = 5;
const timeLimitMs = 30 * 60_000; // start, waiting for a free process and reading

/** What exiftool read of one file. */
export interface ExiftoolReading {
  readonly tags: Tags;
  /**
   * Bytes that the process read meanwhile, by the system's count, but at most the file's length. An upper bound:
   * modules that it loaded on the way are in it. The length, where the system does not tell.
   */
  readonly bytesRead: number;
}

/** Works on one file at a time, so that the bytes that its one process reads can be told. */
interface Lane {
  readonly tool: Promise<ExifTool>;
}

/**
 * A few exiftool processes, started when first needed. Files reach them as open descriptors of this process, so
 * no name, however odd, is ever an argument. Ends its processes when disposed; they also end with this process.
 */
export class Exiftool implements AsyncDisposable {
  readonly #idle: Lane[] = [];
  readonly #all: Lane[] = [];
  readonly #waiting: ((lane: Lane) => void)[] = [];
  readonly #underWay = new Set<(reason: Error) => void>();
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

  /** @throws Error if the file cannot be opened, or exiftool cannot run, fails, is ended, or takes longer than five minutes. */
  async read(path: string | Buffer): Promise<ExiftoolReading> {
    await using file = await open(path, unfollowed);
    const { size } = await file.stat();
    let abandon: (reason: Error) => void = () => undefined;
    const abandoned = new Promise<never>((_, reject) => {
      abandon = reject;
    });
    if (this.#ended) abandon(ended());
    const limit = setTimeout(() => abandon(new Error("exiftool does not answer")), timeLimitMs);
    this.#underWay.add(abandon);
    try {
      // A process that is ended, or never starts, may leave its promise open for ever: only we can give it up,
      // and then the clock must stop, or it would keep the program alive.
      return await Promise.race([this.#readOpened(`/proc/${process.pid}/fd/${file.fd}`, size), abandoned]);
    } finally {
      clearTimeout(limit);
      this.#underWay.delete(abandon);
    }
  }

  /** Ends the processes at once; readings under way are rejected. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true;
    for (const reject of this.#underWay) reject(ended());
    // One that could not be started has nothing to end.
    await Promise.allSettled(this.#all.map(async ({ tool }) => (await tool).end(false)));
  }

  async #readOpened(path: string, size: number): Promise<ExiftoolReading> {
    const lane = await this.#take();
    try {
      const tool = await lane.tool;
      if (this.#ended) throw ended();
      // Starts the process, so that its start does not count as reading.
      if (tool.pids.length === 0) await tool.version();
      const before = await bytesReadBy(tool.pids);
      const tags: Tags = { ...(await tool.readRaw(path, { readArgs, useMWG: false })) };
      const after = await bytesReadBy(tool.pids);
      this.#failures = 0;
      return { tags, bytesRead: before === null || after === null ? size : Math.min(size, after - before) };
    } catch (error) {
      this.#failures++;
      throw error;
    } finally {
      this.#giveBack(lane);
    }
  }

  async #take(): Promise<Lane> {
    const idle = this.#idle.pop();
    if (idle !== undefined) return idle;
    if (this.#all.length >= this.#size) return new Promise((resolve) => this.#waiting.push(resolve));
    const lane: Lane = { tool: startLater() };
    this.#all.push(lane);
    return lane;
  }

  #giveBack(lane: Lane): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#idle.push(lane);
    else next(lane);
  }
}

function ended(): Error {
  return new Error("exiftool was ended");
}
