import type { Phase, Progress } from "../app/progress.ts";
import { formatBytes, formatCount, formatDuration } from "../model/units.ts";
import { forTerminal } from "./terminal.ts";

interface Screen {
  write(text: string): void;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

const redrawMs = 200;
const logMs = 60_000;

/** No progress at all: for `--quiet`. */
export const silentProgress: Progress & Disposable = {
  drawable: false,
  begin: () => ({ add: () => undefined, end: () => undefined }),
  note: () => undefined,
  [Symbol.dispose]: () => undefined,
};

/**
 * Shows what is going on: on a terminal one line that is drawn over and over, elsewhere
 * a line a minute, so that a log of a night has some hundred lines.
 */
export class LiveProgress implements Progress, Disposable {
  readonly #screen: Screen;
  readonly #now: () => number;
  readonly #timer: NodeJS.Timeout;
  #phase: RunningPhase | null = null;
  #drawn = false;

  constructor(screen: Screen, now: () => number) {
    this.#screen = screen;
    this.#now = now;
    this.#timer = setInterval(() => this.#show(), screen.isTTY ? redrawMs : logMs);
    this.#timer.unref();
  }

  get drawable(): boolean {
    return this.#screen.isTTY === true;
  }

  begin(name: string, total?: { readonly files: number; readonly bytes: number }): Phase {
    const phase = new RunningPhase(name, this.#now, total ?? null, () => {
      if (this.#phase === phase) this.#phase = null;
      this.#clear();
    });
    this.#phase = phase;
    if (this.#screen.isTTY) this.#show();
    return phase;
  }

  note(message: string): void {
    this.#clear();
    this.#screen.write(`${forTerminal(message)}\n`);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#clear();
  }

  #show(): void {
    if (this.#phase === null) return;
    const line = forTerminal(this.#phase.line());
    if (!this.#screen.isTTY) {
      this.#screen.write(`${line}\n`);
      return;
    }
    // A terminal that does not know its width says 0.
    this.#screen.write(`\r\x1b[K${line.slice(0, Math.max(20, (this.#screen.columns || 80) - 1))}`);
    this.#drawn = true;
  }

  #clear(): void {
    if (this.#drawn) this.#screen.write("\r\x1b[K");
    this.#drawn = false;
  }
}

/** As long as these take, a file takes that has none: else the time left would be wrong by hours where small ones come first. */
const bytesAsFile = 200_000;

class RunningPhase implements Phase {
  readonly end: () => void;
  readonly #name: string;
  readonly #now: () => number;
  readonly #total: { readonly files: number; readonly bytes: number } | null;
  readonly #started: number;
  #files = 0;
  #bytes = 0;

  constructor(
    name: string,
    now: () => number,
    total: { readonly files: number; readonly bytes: number } | null,
    end: () => void,
  ) {
    this.#name = name;
    this.#now = now;
    this.#total = total;
    this.#started = now();
    this.end = end;
  }

  add({ files, bytes = 0 }: { readonly files: number; readonly bytes?: number }): void {
    this.#files += files;
    this.#bytes += bytes;
  }

  /** "copying: 1,204 of 8,100 files, 3.1 GB of 21 GB, 84 MB/s, 3 min 32 s left". */
  line(): string {
    // Questions to the database count nothing until they are answered.
    if (this.#total === null && this.#files === 0) return `${this.#name} …`;
    const seconds = Math.max(0.001, (this.#now() - this.#started) / 1000);
    const of = (done: string, all: string | null) => (all === null ? done : `${done} of ${all}`);
    const total = this.#total;
    const parts = [`${of(formatCount(this.#files), total && formatCount(total.files))} files`];
    if (this.#bytes > 0 || (total !== null && total.bytes > 0)) {
      parts.push(of(formatBytes(this.#bytes), total && formatBytes(total.bytes)));
      parts.push(`${formatBytes(this.#bytes / seconds)}/s`);
    } else parts.push(`${formatCount(this.#files / seconds)} files/s`);
    const left = this.#secondsLeft(seconds);
    if (left !== null) parts.push(`${formatDuration(left)} left`);
    return `${this.#name}: ${parts.join(", ")}`;
  }

  #secondsLeft(seconds: number): number | null {
    const total = this.#total;
    if (total === null || seconds < 2) return null;
    const weight = (files: number, bytes: number) => bytes + files * bytesAsFile;
    const done = weight(this.#files, this.#bytes) / Math.max(1, weight(total.files, total.bytes));
    return done > 0 ? Math.max(0, seconds / done - seconds) : null;
  }
}
