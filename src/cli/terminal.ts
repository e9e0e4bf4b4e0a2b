import type { Writable } from "node:stream";
import { systemCode } from "../model/errors.ts";

/** Characters that move the cursor, reverse the line or cannot be seen: a file name must not play with the screen. */
const unsafe = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** Text that is safe to print: what could play tricks is written `\xNN`, as in {@link PathText}. */
export function forTerminal(text: string): string {
  return text.replace(unsafe, (character) =>
    [...Buffer.from(character)].map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join(""),
  );
}

/**
 * Standard output and standard error as the commands use them: results to the one,
 * messages to the other. Everything that goes to a person passes {@link forTerminal}.
 */
export class Console {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly #out: Writable;
  readonly #err: Writable;
  #unheard = false;

  constructor(out: Writable, err: Writable, options: { json: boolean; quiet: boolean; verbose: boolean }) {
    this.#out = out;
    this.#err = err;
    out.once("error", () => {
      this.#unheard = true;
    });
    this.json = options.json;
    this.quiet = options.quiet;
    this.verbose = options.verbose;
  }

  /** Whether the reader of the results has gone, as `head` does: a list may end early. */
  get unheard(): boolean {
    return this.#unheard;
  }

  /** One line of the result, for a person. */
  line(text = ""): Promise<void> {
    return this.lines([text]);
  }

  /** Lines of the result, written as one: each write is a system call. */
  lines(texts: readonly string[]): Promise<void> {
    return write(this.#out, texts.map((text) => `${forTerminal(text)}\n`).join(""));
  }

  /** One JSON document on a line of its own. */
  document(value: unknown): Promise<void> {
    return this.documents([value]);
  }

  /** JSON documents, each on a line of its own, written as one. */
  documents(values: readonly unknown[]): Promise<void> {
    return write(this.#out, values.map((value) => `${JSON.stringify(value, numbersAsText)}\n`).join(""));
  }

  /** Raw bytes, for another program: nothing in them is escaped. */
  bytes(chunk: Uint8Array): Promise<void> {
    return write(this.#out, chunk);
  }

  /** A message to whoever watches; not part of the result. */
  message(text: string): void {
    this.#err.write(`${forTerminal(text)}\n`);
  }
}

/** A reader that goes away early, as `head` does, is no failure: what is said to it is lost. */
export function forgiveGoneReaders(...streams: readonly Writable[]): void {
  for (const stream of streams) {
    stream.on("error", (error) => {
      if (systemCode(error) !== "EPIPE") throw error;
    });
  }
}

/** Waits while the reader is slow, so that a list of millions stays small in memory. */
async function write(stream: Writable, text: string | Uint8Array): Promise<void> {
  if (stream.destroyed || stream.write(text)) return;
  await new Promise<void>((resolve) => {
    const settle = () => {
      for (const event of endings) stream.off(event, settle);
      resolve();
    };
    for (const event of endings) stream.on(event, settle);
  });
}

/** After one of these there is room, or nobody left to wait for. */
const endings = ["drain", "close", "error"] as const;

function numbersAsText(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? value.toString() : value;
}
