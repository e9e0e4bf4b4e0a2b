import { fstatSync, readSync } from "node:fs";
import { ContentHasher } from "../disk/content-hasher.ts";
import { type OpenFile, openUnfollowed } from "../disk/open-file.ts";
import { type Hash, toHash } from "../model/file.ts";
import type { PathText } from "../model/path.ts";
import { Trouble } from "./trouble.ts";

/** One read for a small file; large enough that a network share is read ahead. One buffer for each thread. */
const chunk = Buffer.allocUnsafeSlow(1 << 20);

/**
 * Opens what must be an ordinary file.
 *
 * @throws Trouble NOT_A_FILE for a folder, pipe, socket or device; never waits for the other end of a pipe
 * @throws NodeJS.ErrnoException ELOOP for a symbolic link, ENOENT, EACCES, …
 */
export function openForReading(path: PathText): OpenFile {
  const file = openUnfollowed(path);
  if (fstatSync(file.fd).isFile()) return file;
  file[Symbol.dispose]();
  throw new Trouble("NOT_A_FILE", "no longer an ordinary file");
}

/**
 * Reads an open file once from its start.
 *
 * @param length Reads no further; a caller that needs to know whether there is more compares sizes.
 * @param each Gets every piece and where it begins; the buffer is used again afterwards.
 * @returns Bytes read: less than `length` if the file ends earlier.
 */
export function readPieces(fd: number, length: number, each: (piece: Buffer, at: number) => void): number {
  let at = 0;
  while (at < length) {
    const bytes = readSync(fd, chunk, 0, Math.min(chunk.length, length - at), null);
    if (bytes === 0) break;
    each(chunk.subarray(0, bytes), at);
    at += bytes;
  }
  return at;
}

/** Whether the file holds exactly this content now. Reads it whole, unless its size tells. */
export function holds(fd: number, content: { readonly size: number; readonly hash: Hash }, pause: () => void): boolean {
  return fstatSync(fd).size === content.size && hashNow(fd, content.size, pause) === content.hash;
}

/** Reads an open file of this size from its start; null if it ends earlier. */
export function hashNow(fd: number, size: number, pause: () => void): Hash | null {
  const hasher = new ContentHasher(size);
  const bytes = readPieces(fd, size, (piece) => {
    pause();
    hasher.update(piece);
  });
  return bytes === size ? toHash(hasher.digest()) : null;
}
