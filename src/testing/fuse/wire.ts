/** What goes over /dev/fuse, as linux/fuse.h 7.31 lays it out; numbers in the byte order of every machine we run on. */
import { constants } from "node:os";
import { systemCode } from "../../model/errors.ts";
import type { Attributes, Entry, Listed, Space } from "./file-system.ts";

export const opcode = {
  lookup: 1,
  forget: 2,
  getattr: 3,
  setattr: 4,
  readlink: 5,
  symlink: 6,
  mknod: 8,
  mkdir: 9,
  unlink: 10,
  rmdir: 11,
  rename: 12,
  link: 13,
  open: 14,
  read: 15,
  write: 16,
  statfs: 17,
  release: 18,
  fsync: 20,
  flush: 25,
  init: 26,
  opendir: 27,
  readdir: 28,
  releasedir: 29,
  fsyncdir: 30,
  access: 34,
  create: 35,
  interrupt: 36,
  destroy: 38,
  batchForget: 42,
  rename2: 45,
  syncfs: 50,
} as const;

/** Bytes of one request, without its data, and of one answer's beginning. */
const headerBytes = 40;
const answerHeaderBytes = 16;

/** The most that is written or read at once. */
export const mostData = 1 << 20;

/** One request, read field after field. */
export class Request {
  readonly opcode: number;
  readonly unique: bigint;
  readonly node: bigint;
  readonly uid: number;
  readonly gid: number;
  readonly #bytes: Buffer;
  #at = headerBytes;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.opcode = bytes.readUInt32LE(4);
    this.unique = bytes.readBigUInt64LE(8);
    this.node = bytes.readBigUInt64LE(16);
    this.uid = bytes.readUInt32LE(24);
    this.gid = bytes.readUInt32LE(28);
  }

  u32(): number {
    this.#at += 4;
    return this.#bytes.readUInt32LE(this.#at - 4);
  }

  u64(): bigint {
    this.#at += 8;
    return this.#bytes.readBigUInt64LE(this.#at - 8);
  }

  i64(): bigint {
    return BigInt.asIntN(64, this.u64());
  }

  /** Bytes, one character each. */
  name(): string {
    const end = this.#bytes.indexOf(0, this.#at);
    const name = this.#bytes.toString("latin1", this.#at, end);
    this.#at = end + 1;
    return name;
  }

  /** Good until the next request is read. */
  data(length: number): Buffer {
    return this.#bytes.subarray(this.#at, this.#at + length);
  }
}

/** An answer with `body`; without, that it is done. */
export function answer({ unique }: Request, body: Buffer = Buffer.alloc(0)): Buffer {
  return Buffer.concat([answerHeader(unique, 0, body.length), body]);
}

export function failure({ unique }: Request, error: unknown): Buffer {
  return answerHeader(unique, -errnoOf(error), 0);
}

/** Anything that is no system error is a bug of the server, which the program under test meets as ENOTRECOVERABLE. */
function errnoOf(error: unknown): number {
  const code = systemCode(error);
  const known: Readonly<Record<string, number>> = constants.errno;
  const number = code === null ? undefined : known[code];
  if (number !== undefined) return number;
  console.error(error);
  return 131;
}

function answerHeader(unique: bigint, error: number, bodyBytes: number): Buffer {
  const header = Buffer.alloc(answerHeaderBytes);
  header.writeUInt32LE(answerHeaderBytes + bodyBytes, 0);
  header.writeInt32LE(error, 4);
  header.writeBigUInt64LE(unique, 8);
  return header;
}

/** The answer to the first request: what we speak, and how much at a time. */
export function initBody(maxReadahead: number): Buffer {
  const asyncRead = 1 << 0;
  const bigWrites = 1 << 5;
  const parallelListings = 1 << 18;
  const maxPages = 1 << 22;
  const body = Buffer.alloc(64);
  body.writeUInt32LE(7, 0);
  body.writeUInt32LE(31, 4);
  body.writeUInt32LE(maxReadahead, 8);
  body.writeUInt32LE(asyncRead | bigWrites | parallelListings | maxPages, 12);
  body.writeUInt16LE(64, 16);
  body.writeUInt16LE(48, 18);
  body.writeUInt32LE(mostData, 20);
  body.writeUInt32LE(1, 24);
  body.writeUInt16LE(mostData / 4096, 28);
  return body;
}

/** Nothing of it may be remembered by the kernel: every look asks us. */
export function entryBody({ node, attributes }: Entry): Buffer {
  const head = Buffer.alloc(40);
  head.writeBigUInt64LE(node, 0);
  return Buffer.concat([head, attributesBytes(attributes)]);
}

export function attributesBody(attributes: Attributes): Buffer {
  return Buffer.concat([Buffer.alloc(16), attributesBytes(attributes)]);
}

function attributesBytes(attributes: Attributes): Buffer {
  const { inode, size, accessed, modified, changed, mode, links, uid, gid, device } = attributes;
  const bytes = Buffer.alloc(88);
  bytes.writeBigUInt64LE(BigInt.asUintN(64, inode), 0);
  bytes.writeBigUInt64LE(size, 8);
  bytes.writeBigUInt64LE((size + 511n) / 512n, 16);
  for (const [n, time] of [accessed, modified, changed].entries()) {
    const ns = BigInt.asIntN(64, ((time % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n);
    bytes.writeBigInt64LE((time - ns) / 1_000_000_000n, 24 + 8 * n);
    bytes.writeUInt32LE(Number(ns), 48 + 4 * n);
  }
  for (const [n, number] of [mode, links, uid, gid, device, 4096].entries()) bytes.writeUInt32LE(number, 60 + 4 * n);
  return bytes;
}

/** Around the kernel's own cache, so that every read and every write of the program is one of ours, and none is more. */
const directIo = 1;

export function openBody(handle: bigint, kind: "file" | "folder"): Buffer {
  const body = Buffer.alloc(16);
  body.writeBigUInt64LE(handle, 0);
  body.writeUInt32LE(kind === "file" ? directIo : 0, 8);
  return body;
}

export function writtenBody(bytes: number): Buffer {
  const body = Buffer.alloc(8);
  body.writeUInt32LE(bytes, 0);
  return body;
}

export function spaceBody({ blocks, free, files, filesFree, blockBytes }: Space): Buffer {
  const body = Buffer.alloc(80);
  for (const [n, number] of [blocks, free, free, files, filesFree].entries()) body.writeBigUInt64LE(number, 8 * n);
  for (const [n, number] of [blockBytes, 255, blockBytes].entries()) body.writeUInt32LE(number, 40 + 4 * n);
  return body;
}

/** As many of the names from `offset` on as fit in `room`. */
export function listingBody(listed: readonly Listed[], offset: number, room: number): Buffer {
  const parts: Buffer[] = [];
  let bytes = 0;
  for (let n = offset; n < listed.length; n++) {
    const one = listed[n];
    if (one === undefined) break;
    const part = listedBytes(one, n + 1);
    bytes += part.length;
    if (bytes > room) break;
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function listedBytes({ name, inode, mode }: Listed, next: number): Buffer {
  const text = Buffer.from(name, "latin1");
  const bytes = Buffer.alloc(24 + Math.ceil(text.length / 8) * 8);
  bytes.writeBigUInt64LE(BigInt.asUintN(64, inode), 0);
  bytes.writeBigUInt64LE(BigInt(next), 8);
  bytes.writeUInt32LE(text.length, 16);
  bytes.writeUInt32LE((mode >> 12) & 15, 20);
  text.copy(bytes, 24);
  return bytes;
}
