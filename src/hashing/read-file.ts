import { fstatSync, readSync } from "node:fs";
import { ContentHasher, digest } from "../disk/content-hasher.ts";
import type { CopyRows } from "../model/copy-rows.ts";
import { headBytes, headDigits, wholeUpTo } from "../model/fingerprint.ts";
import { isRacy, storable } from "../model/time.ts";
import { beat } from "../threads/heart.ts";
import type { Depth } from "./hash.ts";

/** What reading a file told: one of the two, in hex. */
export interface Digests {
  readonly head: string | null;
  readonly hash: string | null;
}

/** A version of a file, by what the system tells of it. */
export interface Version {
  readonly size: number;
  readonly mtimeNs: bigint;
}

/** Counts what is read, also in vain. */
export interface BytesRead {
  bytes: number;
}

/** The file did not keep still, or is none any more. */
export class ChangedWhileRead extends Error {}

const chunk = Buffer.allocUnsafeSlow(1 << 20);

/**
 * Reads an open file, and makes sure that all bytes are of one version of it. Tries three times if it changes meanwhile.
 * For threads: it blocks.
 *
 * @param expected The version the inventory knows: an unchanged file needs no second look at its times.
 * @param rows Gets a row with the id: see {@link HashedBatch.rows}
 * @throws ChangedWhileRead; NodeJS.ErrnoException
 */
export function readVersion(
  fd: number,
  id: number,
  { depth, expected, read, rows }: { depth: Depth; expected: Version; read: BytesRead; rows: CopyRows },
): void {
  let { size, mtimeNs: before } = expected;
  for (let attempt = 0; attempt < 3; attempt++) {
    const started = Date.now();
    const digests = depth === "ends" && size > wholeUpTo ? readEnds(fd, size, read) : readWhole(fd, size, read);
    const after = fstatSync(fd, { bigint: true });
    if (!after.isFile()) throw new ChangedWhileRead();
    const [mtime, ctime] = [storable(after.mtimeNs), storable(after.ctimeNs)];
    if (digests !== null && Number(after.size) === size && mtime === before) {
      rows.row(7).int8Of(id).int8Of(size).int8(mtime).int8(ctime);
      rows.boolean(isRacy(mtime, ctime, started, Date.now()));
      for (const digits of [digests.head, digests.hash]) {
        if (digits === null) rows.none();
        else rows.bytea(digits);
      }
      return;
    }
    size = Number(after.size);
    before = mtime;
  }
  throw new ChangedWhileRead();
}

/** null if the file is not `size` bytes long. */
function readWhole(fd: number, size: number, read: BytesRead): Digests | null {
  const hasher = new ContentHasher(size);
  let done = 0;
  while (done < size) {
    const got = readSync(fd, chunk, 0, Math.min(chunk.length, size - done), done);
    if (got === 0) return null;
    hasher.update(chunk.subarray(0, got));
    done += got;
    read.bytes += got;
    beat();
  }
  return { head: null, hash: hasher.digest() };
}

/** null if the file ends too early. */
function readEnds(fd: number, size: number, read: BytesRead): Digests | null {
  const first = readFully(fd, 0, 0);
  const last = readFully(fd, headBytes, size - headBytes);
  read.bytes += first + last;
  if (first < headBytes || last < headBytes) return null;
  return { head: digest(chunk.subarray(0, 2 * headBytes)).slice(0, headDigits), hash: null };
}

function readFully(fd: number, offset: number, position: number): number {
  let done = 0;
  while (done < headBytes) {
    const got = readSync(fd, chunk, offset + done, headBytes - done, position + done);
    if (got === 0) break;
    done += got;
  }
  return done;
}
