import { type BigIntStats, fstatSync } from "node:fs";
import type { SystemCalls } from "./system-calls.ts";

/** What a look at a file tells, whoever looked. One of the C library's is overwritten by its next. */
export interface Looked {
  readonly isFile: boolean;
  /** Bytes. */
  readonly size: number;
  readonly nlink: number;
  readonly dev: bigint;
  readonly ino: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
}

/** Looks at what is open. @param calls null: node's own are used. @throws NodeJS.ErrnoException */
export function lookAt(fd: number, calls: SystemCalls | null): Looked {
  if (calls !== null && calls.statx(fd, "") === 0) return calls.found;
  return lookedBy(fstatSync(fd, { bigint: true }));
}

export function lookedBy(stat: BigIntStats): Looked {
  const { dev, ino, mtimeNs, ctimeNs } = stat;
  return { isFile: stat.isFile(), size: Number(stat.size), nlink: Number(stat.nlink), dev, ino, mtimeNs, ctimeNs };
}
