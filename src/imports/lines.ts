import type { Completeness } from "./import.ts";
import { longestName, longestText } from "./limits.ts";
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
  /** In a row. */
  #emptyLines = 0;

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
      const part = bytes.subarray(from, at < 0 ? bytes.length : at);
      if (at < 0) {
        this.#keep(part);
        return;
      }
      this.#emptyLines = this.#length + part.length === 0 ? this.#emptyLines + 1 : 0;
      if (this.#emptyLines > longestName) throw new NotUnderstood("holds more empty lines than any name can");
      this.#format.line(this.#line(part));
      from = at + 1;
    }
  }

  end(): Completeness {
    return this.#format.end(this.#length === 0 ? null : this.#line(Buffer.alloc(0)));
  }

  #keep(part: Buffer): void {
    this.#length += part.length;
    if (this.#length > longestText) throw new NotUnderstood("holds a line longer than any path or command line can be");
    // A copy: the caller uses its buffer again.
    this.#parts.push(Buffer.from(part));
  }

  /** The line that what was kept begins and `last` ends. */
  #line(last: Buffer): string {
    const text = rawText(this.#length === 0 ? last : Buffer.concat([...this.#parts, last]));
    this.#parts = [];
    this.#length = 0;
    return this.#isWindows && text.endsWith("\r") ? text.slice(0, -1) : text;
  }
}

/** A name that goes on over several lines, put together while it stays short enough to be one. */
export function continued(name: string, blankLines: number, line: string): string {
  if (name.length + blankLines + line.length >= longestName) {
    throw new NotUnderstood("holds a name longer than any path can be");
  }
  return `${name}${"\n".repeat(blankLines + 1)}${line}`;
}

/** Tells lines that begin a path from those that go on with a name: one document has paths of one system only. */
export class PathBeginnings {
  #ofSystem: RegExp | null = null;

  begins(line: string): boolean {
    this.#ofSystem ??= [/^\//, /^(?:[A-Za-z]:[\\/]|\\\\)/].find((beginning) => beginning.test(line)) ?? null;
    return this.#ofSystem?.test(line) === true;
  }
}
