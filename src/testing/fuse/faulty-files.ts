import { closeSync, fstatSync, openSync, readSync, writeSync } from "node:fs";
import type { Faults, Twist } from "./faults.ts";
import { type Attributes, type Entry, type Listed, systemError } from "./file-system.ts";
import type { Around } from "./kernel.ts";
import { PassThrough } from "./pass-through.ts";

/** A real folder with what the faults do to it. */
export class FaultyFiles extends PassThrough {
  readonly #failing = new Map<bigint, { code: string; names: number }>();
  #twist: Twist = {};
  #inodes = 0n;

  /** Lets the faults meet every call first. */
  around(faults: Faults): Around {
    return (call, act) => {
      const go = (twist: Twist) => {
        this.#twist = twist;
        return act();
      };
      const met = faults.meet(call);
      return met instanceof Promise ? met.then(go) : go(met);
    };
  }

  override lookup(parent: bigint, name: string): Entry {
    const { node, attributes } = super.lookup(parent, name);
    return { node, attributes: this.#seen(attributes) };
  }

  override getattr(node: bigint, handle: bigint | null): Attributes {
    return this.#seen(super.getattr(node, handle));
  }

  override read(handle: bigint, offset: number, size: number): Buffer {
    const { atMostBytes = size, flipBit, changeMeanwhile } = this.#twist;
    if (changeMeanwhile) changeLastByte(Number(handle));
    const bytes = super.read(handle, offset, Math.min(size, atMostBytes));
    return flipBit ? withWrongBit(bytes) : bytes;
  }

  override write(handle: bigint, offset: number, data: Buffer): number {
    const { atMostBytes = data.length, flipBit } = this.#twist;
    const taken = data.subarray(0, atMostBytes);
    return super.write(handle, offset, flipBit ? withWrongBit(taken) : taken);
  }

  override readdir(handle: bigint, offset: number): readonly Listed[] {
    const listed = super.readdir(handle, offset);
    const { failAfter } = this.#twist;
    if (offset === 0 && failAfter !== undefined) this.#failing.set(handle, failAfter);
    const failing = this.#failing.get(handle);
    if (failing === undefined) return listed;
    // "." and ".." come first, and do not count.
    const given = failing.names + 2;
    if (offset >= given) throw systemError(failing.code);
    return listed.slice(0, given);
  }

  override releasedir(handle: bigint): void {
    this.#failing.delete(handle);
    super.releasedir(handle);
  }

  #seen(attributes: Attributes): Attributes {
    const { otherInode, links = attributes.links, timesToNs = 1 } = this.#twist.seen ?? {};
    const coarse = (time: bigint) => time - (time % BigInt(timesToNs));
    return {
      ...attributes,
      links,
      inode: otherInode ? 1_000_000n + this.#inodes++ : attributes.inode,
      accessed: coarse(attributes.accessed),
      modified: coarse(attributes.modified),
      changed: coarse(attributes.changed),
    };
  }
}

function withWrongBit(bytes: Buffer): Buffer {
  const wrong = Buffer.from(bytes);
  if (wrong.length > 0) wrong.writeUInt8(wrong.readUInt8(0) ^ 1, 0);
  return wrong;
}

/** Through a descriptor of its own, since the program's may not be open for writing. */
function changeLastByte(fd: number): void {
  const { size } = fstatSync(fd);
  if (size === 0) return;
  const own = openSync(`/proc/self/fd/${fd}`, "r+");
  try {
    const last = Buffer.alloc(1);
    readSync(own, last, 0, 1, size - 1);
    writeSync(own, withWrongBit(last), 0, 1, size - 1);
  } finally {
    closeSync(own);
  }
}
