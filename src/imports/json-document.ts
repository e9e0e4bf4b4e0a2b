import { jsonParser, type Token } from "stream-json/core/parser.js";
import type { Completeness } from "./import.ts";
import { JsonGuard } from "./json-guard.ts";
import { RawDecoder } from "./raw-text.ts";
import { complete, incomplete, type Reader } from "./reader.ts";
import { NotUnderstood } from "./understanding.ts";

export type JsonToken = Token;

/** Takes a document's tokens one by one: `const token = yield;`. Gives itself back when it has had its part of them. */
export type Json<Result> = Generator<undefined, Result, JsonToken>;

/** What one tool writes as JSON. Strings come as raw text, see `raw-text.ts`. */
export interface JsonFormat {
  detail(): string;
  /** Takes the whole document. */
  read(): Json<void>;
  /** The document ended too early. */
  cutOff(): void;
  /** Of a whole document: why results may be missing in it all the same; null if they are not. */
  gap(): string | null;
}

/** Reads a JSON document of any length. Keeps no more than one token and what the format keeps. */
export class JsonDocument implements Reader {
  readonly #format: JsonFormat;
  readonly #decoder = new RawDecoder();
  readonly #guard = new JsonGuard();
  readonly #parse = jsonParser({ packValues: true, streamValues: false });
  readonly #taker: Json<void>;
  #isDone: boolean;

  constructor(format: JsonFormat) {
    this.#format = format;
    this.#taker = format.read();
    // Up to its first `yield`.
    this.#isDone = this.#taker.next().done === true;
  }

  detail(): string {
    return this.#format.detail();
  }

  take(bytes: Buffer): void {
    this.#takeText(this.#decoder.decode(bytes));
  }

  end(): Completeness {
    this.#takeText(this.#decoder.end());
    if (!this.#guard.hasBegun || this.#guard.isOpen) {
      this.#format.cutOff();
      return incomplete(this.#guard.hasBegun ? "it ends before its last bracket" : "it is empty");
    }
    if (!this.#isDone) throw new NotUnderstood("is no list of duplicates");
    const gap = this.#format.gap();
    return gap === null ? complete : incomplete(gap);
  }

  #takeText(text: string): void {
    if (text === "") return;
    for (const token of this.#tokens(this.#guard.pass(text))) {
      // The tokenizer itself refuses whatever follows the end of the document.
      if (!this.#isDone) this.#isDone = this.#taker.next(token).done === true;
    }
  }

  #tokens(text: string): readonly JsonToken[] {
    try {
      const tokens = this.#parse(text);
      return typeof tokens === "symbol" ? [] : tokens.values;
    } catch (error) {
      throw new NotUnderstood("is no well-formed JSON", { hint: jsonHint(error) });
    }
  }
}

function jsonHint(error: unknown): string {
  const said = error instanceof Error ? error.message.replace("Parser cannot parse input: ", "") : String(error);
  return `The file is damaged there (${said}); have the tool write its results again.`;
}
