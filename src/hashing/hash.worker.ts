import { fstatSync, readSync } from "node:fs";
import { Blake3Hasher } from "@napi-rs/blake-hash";
import { openInPlace } from "../disk/open-file.ts";
import { OpenFolders } from "../disk/open-folders.ts";
import { systemCode } from "../model/errors.ts";
import { headBytes, headDigits, wholeUpTo } from "../model/fingerprint.ts";
import type { PathText } from "../model/path.ts";
import { storable } from "../model/time.ts";
import { beat } from "../threads/heart.ts";
import { serveRequests } from "../threads/serve.ts";
import type { Depth, HashedBatch, HashRequest, UnreadableFile } from "./hash.ts";

serveRequests<HashRequest, HashedBatch>(hashBatch, (result) => [result.rows.buffer as ArrayBuffer]);

/** A change within this time of the reading may leave the same times behind: 3 s covers FAT's 2 s and clock steps. */
const racyNs = 3_000_000_000n;
const chunk = Buffer.allocUnsafeSlow(1 << 20);

interface Reading {
  readonly head: string | null;
  readonly hash: string | null;
}

interface Version {
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
}

function hashBatch({ depth, ids, paths, sizes, modified }: HashRequest): HashedBatch {
  let rows = "";
  let files = 0;
  const unreadable: UnreadableFile[] = [];
  const read = { bytes: 0 };
  using folders = new OpenFolders();
  for (const [n, path] of paths.entries()) {
    const id = ids[n] ?? 0;
    try {
      rows += `${id}\t${readFile(path, folders, depth, { size: sizes[n] ?? 0, mtimeNs: modified[n] ?? 0n }, read)}\n`;
      files++;
    } catch (error) {
      const code = error instanceof ChangedWhileRead ? "CHANGED_WHILE_READ" : systemCode(error);
      if (code === null) throw error;
      unreadable.push({ id, code });
    }
    beat();
  }
  return { rows: new Uint8Array(Buffer.from(rows)), files, bytesRead: read.bytes, unreadable };
}

class ChangedWhileRead extends Error {}

/** The row of one file: the version that was read, and its digests. Tries twice if the file changes meanwhile. */
function readFile(
  path: PathText,
  folders: OpenFolders,
  depth: Depth,
  expected: { readonly size: number; readonly mtimeNs: bigint },
  read: { bytes: number },
): string {
  using file = openInPlace(path, folders);
  const { fd } = file;
  let size = expected.size;
  let before: bigint = expected.mtimeNs;
  for (let attempt = 0; attempt < 3; attempt++) {
    const started = BigInt(Date.now()) * 1_000_000n;
    const reading = depth === "ends" && size > wholeUpTo ? readEnds(fd, size, read) : readWhole(fd, size, read);
    const stats = fstatSync(fd, { bigint: true });
    if (!stats.isFile()) throw new ChangedWhileRead();
    const after = { size: stats.size, mtimeNs: storable(stats.mtimeNs), ctimeNs: storable(stats.ctimeNs) };
    // The version the inventory knows is the version before: an unchanged file needs no second fstat.
    if (reading !== null && Number(after.size) === size && after.mtimeNs === before) {
      return rowOf(after, started, reading);
    }
    size = Number(after.size);
    before = after.mtimeNs;
  }
  throw new ChangedWhileRead();
}

function rowOf(version: Version, started: bigint, { head, hash }: Reading): string {
  const { size, mtimeNs, ctimeNs } = version;
  const latest = mtimeNs > ctimeNs ? mtimeNs : ctimeNs;
  const racy = latest > started - racyNs ? "t" : "f";
  return `${size}\t${mtimeNs}\t${ctimeNs}\t${racy}\t${bytea(head)}\t${bytea(hash)}`;
}

function bytea(hex: string | null): string {
  return hex === null ? "\\N" : `\\\\x${hex}`;
}

/** null if the file is not `size` bytes long. */
function readWhole(fd: number, size: number, read: { bytes: number }): Reading | null {
  const hasher = new Blake3Hasher();
  let done = 0;
  while (done < size) {
    const got = readSync(fd, chunk, 0, Math.min(chunk.length, size - done), done);
    if (got === 0) return null;
    hasher.update(chunk.subarray(0, got));
    done += got;
    read.bytes += got;
    beat();
  }
  return { head: null, hash: hasher.digest("hex") };
}

/** null if the file ends too early. */
function readEnds(fd: number, size: number, read: { bytes: number }): Reading | null {
  const first = readFully(fd, 0, 0);
  const last = readFully(fd, headBytes, size - headBytes);
  read.bytes += first + last;
  if (first < headBytes || last < headBytes) return null;
  return {
    head: new Blake3Hasher()
      .update(chunk.subarray(0, 2 * headBytes))
      .digest("hex")
      .slice(0, headDigits),
    hash: null,
  };
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
