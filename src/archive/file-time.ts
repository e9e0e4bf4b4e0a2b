import { spawnSync } from "node:child_process";
import { fstatSync, futimesSync } from "node:fs";
import type { EpochNs } from "../model/time.ts";

/**
 * Gives an open file a modification time, to the microsecond.
 *
 * Node takes floating-point seconds, whose step near now is 238 ns, and cuts them to the microsecond; so what arrives
 * may be one too low, or before 1970 one too high. Reading it back tells, and half a microsecond more then hits it.
 * A file system with coarser times keeps what it can.
 */
export function setModified(fd: number, modified: EpochNs): void {
  for (const nudge of [0n, 500n, -500n]) {
    const seconds = exactSeconds(modified + nudge);
    futimesSync(fd, seconds, seconds);
    const set = fstatSync(fd, { bigint: true }).mtimeNs;
    if (set / 1000n === modified / 1000n) return;
  }
  const seconds = exactSeconds(modified);
  futimesSync(fd, seconds, seconds);
}

/**
 * To the nanosecond where `touch` can: for a file that takes the place of the only one that had the exact time. Costs a
 * program (2 ms) for times that node would cut.
 */
export function setModifiedExactly(fd: number, modified: EpochNs): void {
  setModified(fd, modified);
  if (modified % 1_000n === 0n) return;
  const size = modified < 0n ? -modified : modified;
  const fraction = String(size % 1_000_000_000n).padStart(9, "0");
  const time = `@${modified < 0n ? "-" : ""}${size / 1_000_000_000n}.${fraction}`;
  // "-" is the file that standard output goes to: no path is looked up again.
  spawnSync("touch", ["-m", "-d", time, "-"], { stdio: ["ignore", fd, "ignore"] });
}

/** Text, because node takes a negative number, a time before 1970, for "now". */
function exactSeconds(ns: bigint): string {
  const size = ns < 0n ? -ns : ns;
  return `${ns < 0n ? "-" : ""}${size / 1_000_000_000n}.${String(size % 1_000_000_000n).padStart(9, "0")}`;
}
