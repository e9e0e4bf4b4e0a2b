import type { BigIntStats } from "node:fs";

/** Whether nobody wrote to an open file, or changed anything about it, between two looks. */
export function sameVersion(a: BigIntStats, b: BigIntStats): boolean {
  return a.size === b.size && a.mtimeNs === b.mtimeNs && a.ctimeNs === b.ctimeNs;
}
