import { ContentHasher } from "../disk/content-hasher.ts";
import { type Hash, toHash } from "../model/file.ts";
import type { PieceReader } from "./relink-compare.ts";

/** One buffer for each thread. */
const piece = Buffer.allocUnsafeSlow(1 << 20);

/**
 * Reads open files from end to end now, piece by piece side by side, so that all readings end at the same moment.
 *
 * @param size Bytes that each is said to have.
 * @param pause Called between pieces; may throw.
 * @returns One hash for each; null for a file that ends earlier.
 */
export function hashTogether(readers: readonly PieceReader[], size: number, pause: () => void): (Hash | null)[] {
  const files = readers.map((read) => ({ read, hasher: new ContentHasher(size), isWhole: true }));
  for (let at = 0; at < size; at += piece.length) {
    const length = Math.min(piece.length, size - at);
    for (const file of files) {
      pause();
      if (!file.isWhole) continue;
      file.isWhole = file.read(piece, length, at) === length;
      file.hasher.update(piece.subarray(0, length));
    }
  }
  return files.map(({ hasher, isWhole }) => (isWhole ? toHash(hasher.digest()) : null));
}
