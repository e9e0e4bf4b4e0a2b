import { readSync } from "node:fs";
import { Blake3Hasher } from "@napi-rs/blake-hash";
import { lookAt } from "../disk/looked.ts";
import { sameVersion, type Version } from "../disk/same-version.ts";
import type { SystemCalls } from "../disk/system-calls.ts";
import { systemCode } from "../model/errors.ts";
import { smallUpTo } from "./walk.ts";

/** One more than a small file has, to see that it got no longer. */
const chunk = Buffer.allocUnsafeSlow(smallUpTo + 1);
const hasher = new Blake3Hasher();

/**
 * Reads a small file right after it was looked at.
 *
 * @param seen What the look at the open file told.
 * @returns Its hash; null if it cannot be read, or did not keep still: those who read later tell why.
 */
export function readSmall(
  fd: number,
  seen: Version<number>,
  read: { files: number; bytes: number },
  calls: SystemCalls | null,
): string | null {
  const got = calls === null ? readFrom(fd, seen.size + 1) : calls.read(fd, chunk, seen.size + 1);
  read.bytes += Math.max(0, got);
  if (got !== seen.size || !sameVersion(seen, lookAt(fd, calls))) return null;
  read.files++;
  hasher.reset();
  hasher.update(chunk.subarray(0, seen.size));
  return hasher.digest("hex");
}

/** -1 if it cannot be read. */
function readFrom(fd: number, bytes: number): number {
  try {
    return readSync(fd, chunk, 0, bytes, 0);
  } catch (error) {
    if (systemCode(error) === null) throw error;
    return -1;
  }
}
