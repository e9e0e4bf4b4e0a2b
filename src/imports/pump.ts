import { basename } from "node:path";
import { systemCode } from "../model/errors.ts";
import { type Head, readerFor } from "./detect.ts";
import { GroupBuilder } from "./groups.ts";
import type { ClaimedGroup, Completeness, FormatName, ImportedDocument, Skipped } from "./import.ts";
import { chunkSize } from "./limits.ts";
import { incomplete, type Reader } from "./reader.ts";
import { NotUnderstood, notUnderstood, unreadable } from "./understanding.ts";

const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf]);

/** Leads a document's bytes through the reader of its format, and out come groups. */
export class Pump {
  readonly #file: string | Buffer;
  readonly #parts: AsyncIterator<Buffer>;
  readonly #groups = new GroupBuilder();
  /** Bytes given to the reader. */
  #done = 0;
  #isEnded = false;
  #completeness: Completeness = incomplete("it was not read to its end");

  constructor(bytes: AsyncIterable<Buffer>, file: string | Buffer) {
    this.#parts = small(bytes)[Symbol.asyncIterator]();
    this.#file = file;
  }

  /** Reads up to the first group. */
  async open(wanted: FormatName | "detect"): Promise<ImportedDocument> {
    const head = await this.#readHead();
    const { format, reader } = this.#understand(() => readerFor(head, wanted, this.#groups));
    this.#give(reader, head.bytes);
    let first = this.#groups.take();
    while (first.length === 0 && !this.#isEnded) first = await this.#advance(reader);
    const close = () => this.close();
    return {
      format,
      get detail() {
        return reader.detail();
      },
      groups: this.#allGroups(first, reader),
      completeness: (): Completeness => this.#completeness,
      skipped: (): readonly Skipped[] => this.#groups.skipped.list(),
      [Symbol.asyncDispose]: close,
    };
  }

  async close(): Promise<void> {
    await this.#parts.return?.();
  }

  async *#allGroups(first: readonly ClaimedGroup[], reader: Reader): AsyncGenerator<readonly ClaimedGroup[]> {
    if (first.length > 0) yield first;
    while (!this.#isEnded) {
      const step = await this.#advance(reader).catch((error: unknown) => ({ error, groups: this.#groups.take() }));
      const groups = "error" in step ? step.groups : step;
      if (groups.length > 0) yield groups;
      if ("error" in step) throw step.error;
    }
  }

  /** Gives the reader the next bytes, or the end. */
  async #advance(reader: Reader): Promise<readonly ClaimedGroup[]> {
    const bytes = await this.#next();
    if (bytes !== null) this.#give(reader, bytes);
    else {
      this.#isEnded = true;
      this.#completeness = this.#understand(() => reader.end());
    }
    return this.#groups.take();
  }

  #give(reader: Reader, bytes: Buffer): void {
    this.#understand(() => reader.take(bytes));
    this.#done += bytes.length;
  }

  async #readHead(): Promise<Head> {
    const parts: Buffer[] = [];
    for (let length = 0; length < chunkSize; ) {
      const part = await this.#next();
      if (part === null) break;
      parts.push(part);
      length += part.length;
    }
    const bytes = Buffer.concat(parts);
    const hasMark = bytes.subarray(0, byteOrderMark.length).equals(byteOrderMark);
    const fileName = basename(this.#file.toString("latin1"));
    return { bytes: hasMark ? bytes.subarray(byteOrderMark.length) : bytes, fileName };
  }

  async #next(): Promise<Buffer | null> {
    try {
      const { value, done } = await this.#parts.next();
      return done === true ? null : value;
    } catch (error) {
      const code = systemCode(error);
      throw code === null ? error : unreadable(this.#file, code, error);
    }
  }

  #understand<Result>(work: () => Result): Result {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof NotUnderstood)) throw error;
      throw notUnderstood(this.#file, error.at !== null || this.#done === 0 ? error : error.near(this.#done));
    }
  }
}

/** However large the chunks are that come, what is worked on in one go stays small. */
async function* small(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += chunkSize) yield chunk.subarray(at, at + chunkSize);
  }
}
