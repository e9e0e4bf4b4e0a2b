import { noEndMark } from "./fdupes-text.ts";
import type { GroupBuilder } from "./groups.ts";
import type { Completeness } from "./import.ts";
import { longestName } from "./limits.ts";
import { pathOfRawText, RawDecoder } from "./raw-text.ts";
import { incomplete, type Reader } from "./reader.ts";
import { NotUnderstood } from "./understanding.ts";

/**
 * `fdupes --sameline`: a group a line, after each path a space; spaces and backslashes in names stand behind a
 * backslash, newlines raw. With `--size` and `--time` as in `FdupesText`.
 */
export class FdupesSameLine implements Reader {
  readonly #groups: GroupBuilder;
  readonly #decoder = new RawDecoder();
  #word = "";
  #isEscaped = false;
  /** Words of the line so far; a size in front of the group counts, too. */
  #words = 0;
  #size: string | null = null;

  constructor(groups: GroupBuilder) {
    this.#groups = groups;
  }

  detail(): string {
    return "fdupes, a group a line";
  }

  take(bytes: Buffer): void {
    const text = this.#decoder.decode(bytes);
    let from = 0;
    for (let at = 0; at < text.length; at++) {
      const character = text[at];
      const isEscaped = this.#isEscaped;
      this.#isEscaped = !isEscaped && character === "\\";
      if (isEscaped || (character !== " " && character !== "\\" && character !== "\n")) continue;
      if (character === "\n" && !this.#isGroupEnd(text, from, at)) continue;
      this.#grow(text.slice(from, at));
      from = at + 1;
      if (character === " ") this.#endWord();
      else if (character === "\n") this.#endLine();
    }
    this.#grow(text.slice(from));
  }

  end(): Completeness {
    this.#grow(this.#decoder.end());
    const isWhole = this.#word === "" && this.#words === 0;
    this.#groups.abandon();
    return incomplete(isWhole ? noEndMark : "it ends in the middle of a group");
  }

  /** A newline right after a space, or after the line with the size. */
  #isGroupEnd(text: string, from: number, at: number): boolean {
    const word = this.#word + text.slice(from, at);
    return word === "" || (this.#size !== null && word === "each:");
  }

  #grow(part: string): void {
    this.#word += part;
    if (this.#word.length > longestName) throw new NotUnderstood("holds a name longer than any path can be");
  }

  #endWord(): void {
    const word = this.#word;
    this.#word = "";
    const isFirst = this.#words++ === 0;
    if (isFirst && /^\d+$/.test(word)) this.#size = word;
    else if (this.#size !== null && this.#words === 2 && /^bytes?$/.test(word)) return;
    else if (!/^(?:\d{4}-\d\d-\d\d|\d\d:\d\d)$/.test(word)) this.#groups.add(pathOfRawText(word));
  }

  #endLine(): void {
    if (this.#word === "each:") {
      if (Number.isSafeInteger(Number(this.#size))) this.#groups.know({ size: Number(this.#size) });
      else this.#groups.refuse("sizes that are no number of bytes");
    } else {
      this.#groups.end();
      this.#groups.begin();
    }
    this.#word = "";
    this.#words = 0;
    this.#size = null;
  }
}
