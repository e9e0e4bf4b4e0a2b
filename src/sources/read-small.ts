import { readSync } from "node:fs";
import { Blake3Hasher } from "@napi-rs/blake-hash";
import type { SystemCalls } from "../disk/system-calls.ts";
import { systemCode } from "../model/errors.ts";
import { smallUpTo } from "./walk.ts";

/** One more than a small file has, to see that it got no longer. */
const chunk = Buffer.allocUnsafeSlow(smallUpTo + 1);
const hasher = new Blake3Hasher();

/**
 * Reads a small file right after it was looked at.
 *
 * What is written to it from that look on gives it other times than the row has, or it is racy: the next scan reads it
 * again. So one look, before reading, is enough.
 *
 * @param size As the look at the open file told.
 * @returns Its hash; null if it cannot be read, or is not as long as it was: those who read later tell why.
 */
export function readSmall(
  fd: number,
  size: number,
  read: { files: number; bytes: number },
  calls: SystemCalls | null,
): string | null {
  const got = calls === null ? readFrom(fd, size + 1) : calls.read(fd, chunk, size + 1);
  read.bytes += Math.max(0, got);
  if (got !== size) return null;
  read.files++;
  hasher.reset();
  hasher.update(chunk.subarray(0, size));
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
