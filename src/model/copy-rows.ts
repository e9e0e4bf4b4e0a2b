/**
 * Rows in the binary format of PostgreSQL's COPY, without its header and trailer, which whoever sends them adds: so
 * batches that several threads have written can be sent one after the other.
 *
 * Numbers are not turned into text and back, and a row is no object. Format: "Binary Format" under COPY in PostgreSQL's
 * manual.
 */
const utf8 = new TextEncoder();

export class CopyRows {
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView;
  #length = 0;

  /** @param capacity Bytes; grows as needed. */
  constructor(capacity = 1 << 16) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#length;
  }

  /** What was written from `begin` to `end`, until more is written. */
  slice(begin: number, end: number): Uint8Array {
    return this.#bytes.subarray(begin, end);
  }

  /** Forgets what was written. */
  clear(): void {
    this.#length = 0;
  }

  /** A copy of all that was written, in a buffer of its own. */
  take(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }

  /** Begins a row. @param columns How many values follow. */
  row(columns: number): this {
    this.#makeRoom(2);
    this.#view.setInt16(this.#length, columns);
    this.#length += 2;
    return this;
  }

  /** For a column of type bigint. */
  int8(value: bigint): this {
    this.#begin(8, 8);
    this.#view.setBigInt64(this.#length, value);
    this.#length += 8;
    return this;
  }

  /** For a column of type bigint, from a whole number up to 2^53. */
  int8Of(value: number): this {
    return this.int8(BigInt(value));
  }

  boolean(value: boolean): this {
    this.#begin(1, 1);
    this.#bytes[this.#length++] = value ? 1 : 0;
    return this;
  }

  text(value: string): this {
    this.#makeRoom(4 + 3 * value.length);
    const { written } = utf8.encodeInto(value, this.#bytes.subarray(this.#length + 4));
    this.#view.setInt32(this.#length, written);
    this.#length += 4 + written;
    return this;
  }

  /** For a column of type bytea. @param digits Hexadecimal, two a byte. */
  bytea(digits: string): this {
    const size = digits.length / 2;
    this.#begin(size, size);
    for (let n = 0; n < size; n++) {
      this.#bytes[this.#length++] = (digitOf(digits.charCodeAt(2 * n)) << 4) | digitOf(digits.charCodeAt(2 * n + 1));
    }
    return this;
  }

  /** No value. */
  none(): this {
    this.#begin(-1, 0);
    return this;
  }

  /** Writes what was written elsewhere. */
  append(bytes: Uint8Array): this {
    this.#makeRoom(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
    return this;
  }

  #begin(size: number, room: number): void {
    this.#makeRoom(4 + room);
    this.#view.setInt32(this.#length, size);
    this.#length += 4;
  }

  #makeRoom(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(2 * this.#bytes.length, this.#length + more));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}

/** Of a lower-case hexadecimal digit. */
function digitOf(character: number): number {
  return character < 0x3a ? character - 0x30 : character - 0x57;
}
