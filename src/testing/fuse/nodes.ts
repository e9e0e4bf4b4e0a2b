import { systemError } from "./file-system.ts";

interface Known {
  readonly inode: bigint;
  path: string;
  lookups: bigint;
}

/**
 * Which number the kernel knows a path by. Another file at the same path gets another number, and every name of a
 * hard-linked file its own.
 */
export class Nodes {
  readonly #byNumber = new Map<bigint, Known>([[1n, { inode: 0n, path: "", lookups: 1n }]]);
  readonly #byKey = new Map<string, bigint>();
  #next = 2n;

  /** @throws ESTALE for one that was forgotten */
  pathOf(node: bigint): string {
    const known = this.#byNumber.get(node);
    if (known === undefined) throw systemError("ESTALE");
    return known.path;
  }

  /** The number of a path; the kernel remembers it once more from now on. */
  numberOf(path: string, inode: bigint): bigint {
    const node = this.#byKey.get(keyOf(path, inode)) ?? this.#next++;
    const known = this.#byNumber.get(node) ?? { inode, path, lookups: 0n };
    known.lookups += 1n;
    this.#byNumber.set(node, known);
    this.#byKey.set(keyOf(path, inode), node);
    return node;
  }

  forget(node: bigint, count: bigint): void {
    const known = this.#byNumber.get(node);
    if (known === undefined || node === 1n) return;
    known.lookups -= count;
    if (known.lookups > 0n) return;
    this.#byNumber.delete(node);
    this.#byKey.delete(keyOf(known.path, known.inode));
  }

  renamed(from: string, to: string): void {
    for (const [node, known] of this.#byNumber) {
      if (known.path !== from && !known.path.startsWith(`${from}/`)) continue;
      this.#byKey.delete(keyOf(known.path, known.inode));
      known.path = to + known.path.slice(from.length);
      this.#byKey.set(keyOf(known.path, known.inode), node);
    }
  }
}

function keyOf(path: string, inode: bigint): string {
  return `${inode} ${path}`;
}
