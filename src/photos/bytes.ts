import { readSync } from "node:fs";

/** Bytes that can be asked for by place; only what is asked for is read. */
export interface Bytes {
  /** Length of the whole, in bytes. */
  readonly size: number;
  /** The bytes from `offset` on: fewer than `length` at the end, or where no more may be read. */
  at(offset: number, length: number): Buffer;
}

const headSize = 4096;
const pageSize = 1024;
/** Bytes of one file that are read at most: a malicious structure must not make us read it all. */
const budget = 1024 * 1024;

/**
 * An open file, read by synchronous calls: use it in worker threads only.
 *
 * Reads the first 4 KiB, where most of what is asked for stands, then pages of 1 KiB; neighbouring pages in
 * one call. Nothing is read twice. Stops giving bytes after 1 MiB: no photo needs so much.
 */
export class FileBytes implements Bytes {
  readonly size: number;
  /** Bytes that came from the disk so far. */
  bytesRead = 0;
  readonly #fd: number;
  readonly #pages = new Map<number, Buffer>();

  constructor(fd: number, size: number) {
    this.#fd = fd;
    this.size = size;
    this.#load(0, headSize / pageSize - 1);
  }

  at(offset: number, length: number): Buffer {
    const end = Math.min(offset + length, this.size);
    if (!(offset >= 0) || offset >= end) return Buffer.alloc(0);
    const first = Math.floor(offset / pageSize);
    const last = Math.floor((end - 1) / pageSize);
    this.#loadMissing(first, last);
    const pages: Buffer[] = [];
    for (let page = first; page <= last; page++) {
      const bytes = this.#pages.get(page);
      if (bytes === undefined) break;
      pages.push(bytes);
      if (bytes.length < pageSize) break;
    }
    const [only] = pages;
    const whole = pages.length === 1 && only !== undefined ? only : Buffer.concat(pages);
    return whole.subarray(offset - first * pageSize, end - first * pageSize);
  }

  #loadMissing(first: number, last: number): void {
    for (let page = first; page <= last; page++) {
      if (this.#pages.has(page)) continue;
      let until = page;
      while (until < last && !this.#pages.has(until + 1)) until++;
      this.#load(page, until);
      page = until;
    }
  }

  #load(first: number, last: number): void {
    const begin = first * pageSize;
    const length = Math.min((last + 1) * pageSize, this.size) - begin;
    if (length <= 0 || this.bytesRead + length > budget) return;
    const buffer = Buffer.allocUnsafeSlow(length);
    const got = readSync(this.#fd, buffer, 0, length, begin);
    this.bytesRead += got;
    for (let page = first; page <= last; page++) {
      const from = page * pageSize - begin;
      this.#pages.set(page, buffer.subarray(Math.min(from, got), Math.min(from + pageSize, got)));
    }
  }
}

/** A stretch of other bytes, counted from its own beginning. */
export function part(whole: Bytes, begin: number, size: number): Bytes {
  const fitting = Math.max(0, Math.min(size, whole.size - begin));
  return {
    size: fitting,
    at: (offset, length) =>
      offset < 0 ? Buffer.alloc(0) : whole.at(begin + offset, Math.min(length, Math.max(0, fitting - offset))),
  };
}

/** Bytes that are in memory already, e.g. because they had to be decompressed. */
export function inMemory(buffer: Buffer): Bytes {
  return { size: buffer.length, at: (offset, length) => buffer.subarray(Math.max(0, offset), offset + length) };
}
