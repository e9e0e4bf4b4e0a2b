import type { Completeness } from "./import.ts";
import { longestText } from "./limits.ts";
import { rawText } from "./raw-text.ts";
import type { Reader } from "./reader.ts";
import { NotUnderstood } from "./understanding.ts";

/** What one tool writes as lines. They come as raw text, see `raw-text.ts`, without the newline. */
export interface LineFormat {
  detail(): string;
  line(text: string): void;
  /** @param rest What follows the last newline; null if nothing does. */
  end(rest: string | null): Completeness;
}

const newline = 0x0a;

/** Reads a document of lines of any length. Keeps no more than one line and what the format keeps. */
export class LineDocument implements Reader {
  readonly #format: LineFormat;
  readonly #isWindows: boolean;
  #parts: Buffer[] = [];
  #length = 0;

  /** @param isWindows Lines end with CR LF. */
  constructor(format: LineFormat, { isWindows }: { readonly isWindows: boolean }) {
    this.#format = format;
    this.#isWindows = isWindows;
  }

  detail(): string {
    return this.#format.detail();
  }

  take(bytes: Buffer): void {
    for (let from = 0; from < bytes.length; ) {
      const at = bytes.indexOf(newline, from);
      this.#keep(bytes.subarray(from, at < 0 ? bytes.length : at));
      if (at < 0) return;
      this.#format.line(this.#line());
      from = at + 1;
    }
  }

  end(): Completeness {
    return this.#format.end(this.#length === 0 ? null : this.#line());
  }

  #keep(part: Buffer): void {
    this.#length += part.length;
    if (this.#length > longestText) throw new NotUnderstood("holds a line longer than any path or command line can be");
    // A copy: the caller uses its buffer again.
    if (part.length > 0) this.#parts.push(Buffer.from(part));
  }

  #line(): string {
    const [first = Buffer.alloc(0)] = this.#parts;
    const text = rawText(this.#parts.length > 1 ? Buffer.concat(this.#parts) : first);
    this.#parts = [];
    this.#length = 0;
    return this.#isWindows && text.endsWith("\r") ? text.slice(0, -1) : text;
  }
}

/** A name that goes on over several lines, put together while it stays short enough to be one. */
export function continued(name: string, blankLines: number, line: string): string {
  const whole = name + "\n".repeat(Math.min(blankLines + 1, longestText)) + line;
  if (whole.length > longestText) throw new NotUnderstood("holds a name longer than any path can be");
  return whole;
}
