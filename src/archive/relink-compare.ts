import { readSync } from "node:fs";

/** Comparing costs what reading costs; one pair of buffers for each thread. */
const piece = 1 << 20;
const ours = Buffer.allocUnsafeSlow(piece);
const theirs = Buffer.allocUnsafeSlow(piece);

/** An open file, and how it is read: errors are to say whose they are. */
export type PieceReader = (buffer: Buffer, length: number, position: number) => number;

/** Reads an open file; returns less than `length` only at its end. */
export function readerOf(fd: number): PieceReader {
  return (buffer, length, position) => {
    let done = 0;
    while (done < length) {
      const bytes = readSync(fd, buffer, done, length - done, position + done);
      if (bytes === 0) break;
      done += bytes;
    }
    return done;
  };
}

/**
 * Whether two files hold the same bytes, read from end to end now. Stops at the first piece that differs.
 *
 * @param size Bytes that both are said to have; one that ends earlier is different.
 * @param pause Called between pieces; may throw.
 */
export function sameBytes(one: PieceReader, other: PieceReader, size: bigint, pause: () => void): boolean {
  const bytes = Number(size);
  for (let at = 0; at < bytes; at += piece) {
    pause();
    const length = Math.min(piece, bytes - at);
    if (one(ours, length, at) !== length || other(theirs, length, at) !== length) return false;
    if (ours.compare(theirs, 0, length, 0, length) !== 0) return false;
  }
  return true;
}
