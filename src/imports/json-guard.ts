import { deepestNesting, longestText, longestWord } from "./limits.ts";
import { NotUnderstood } from "./understanding.ts";

const quote = 0x22;
const backslash = 0x5c;

/**
 * Stands before the tokenizer, which is made for documents one trusts: bounds what it would keep in memory
 * (strings, numbers, nesting), and escapes control characters inside strings, which rmlint and jdupes leave as
 * they are.
 */
export class JsonGuard {
  #inString = false;
  #escaped = false;
  /** Length of the string or word so far. */
  #length = 0;
  #depth = 0;
  #begun = false;

  /** Whether the document has begun and its outermost value is not closed. */
  get isOpen(): boolean {
    return this.#begun && (this.#depth > 0 || this.#inString);
  }

  get hasBegun(): boolean {
    return this.#begun;
  }

  /**
   * @param text The next part of the document, cut anywhere.
   * @returns The same with control characters in strings escaped.
   */
  pass(text: string): string {
    let passed = "";
    let from = 0;
    for (let at = 0; at < text.length; at++) {
      const character = text.charCodeAt(at);
      if (!this.#inString) this.#outside(character);
      else if (character >= 0x20) this.#inside(character);
      // Behind a backslash it is left to the tokenizer, which refuses it.
      else if (!this.#escaped) {
        passed += `${text.slice(from, at)}\\u${character.toString(16).padStart(4, "0")}`;
        from = at + 1;
        this.#grow(longestText);
      }
    }
    return from === 0 ? text : passed + text.slice(from);
  }

  #inside(character: number): void {
    if (this.#escaped) this.#escaped = false;
    else if (character === backslash) this.#escaped = true;
    else if (character === quote) {
      this.#inString = false;
      this.#length = 0;
      return;
    }
    this.#grow(longestText);
  }

  #outside(character: number): void {
    if (character === 0x20 || (character >= 0x09 && character <= 0x0d)) {
      this.#length = 0;
      return;
    }
    this.#begun = true;
    switch (character) {
      case quote:
        this.#inString = true;
        this.#length = 0;
        return;
      case 0x5b: // [
      case 0x7b: // {
        this.#length = 0;
        this.#depth++;
        if (this.#depth > deepestNesting) throw new NotUnderstood("nests deeper than any list of duplicates does");
        return;
      case 0x5d: // ]
      case 0x7d: // }
        this.#length = 0;
        this.#depth--;
        return;
      case 0x2c: // ,
      case 0x3a: // :
        this.#length = 0;
        return;
      default:
        this.#grow(longestWord);
    }
  }

  #grow(limit: number): void {
    if (++this.#length > limit) throw new NotUnderstood("holds a text longer than any path or command line can be");
  }
}
