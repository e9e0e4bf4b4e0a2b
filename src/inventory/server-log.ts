import { closeSync, fstatSync, openSync, renameSync, writeSync } from "node:fs";

const limitBytes = 1 << 20;
const keptLines = 12;

/** The server's log, never longer than twice a MiB: the file itself and one older, `….1`. */
export class ServerLog implements Disposable {
  readonly #path: string;
  #file: number;
  #size: number;
  #recent: readonly string[] = [];

  constructor(path: string) {
    this.#path = path;
    this.#file = openSync(path, "a", 0o600);
    this.#size = fstatSync(this.#file).size;
  }

  /** Synchronous: it is little, and what is logged last is what matters. */
  write(chunk: Uint8Array | string): void {
    const bytes = Buffer.from(chunk);
    const lines = bytes
      .toString("utf8")
      .split("\n")
      .filter((line) => line.trim() !== "");
    this.#recent = [...this.#recent, ...lines].slice(-keptLines);
    if (this.#size > limitBytes) this.#startAnew();
    try {
      this.#size += writeSync(this.#file, bytes);
    } catch {
      // A full disk must not end the server that is to report it.
    }
  }

  /** The last lines, for an error's hint. */
  get recent(): readonly string[] {
    return this.#recent;
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
  }

  #startAnew(): void {
    closeSync(this.#file);
    renameSync(this.#path, `${this.#path}.1`);
    this.#file = openSync(this.#path, "a", 0o600);
    this.#size = 0;
  }
}
