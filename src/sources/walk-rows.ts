import { type BigIntStats, fstatSync, lstatSync, openSync, readSync } from "node:fs";
import { Blake3Hasher, blake3 } from "@napi-rs/blake-hash";
import { closeQuietly } from "../disk/close-quietly.ts";
import { unfollowed } from "../disk/open-file.ts";
import { CopyRows } from "../model/copy-rows.ts";
import { systemCode } from "../model/errors.ts";
import { emptyContent } from "../model/fingerprint.ts";
import { type PathText, systemPath } from "../model/path.ts";
import { isRacy, storable } from "../model/time.ts";
import { isJunkFile } from "./junk.ts";
import { smallUpTo, type WalkedFolder, type WalkRequest } from "./walk.ts";

/** Hex digits of a folder's digest. */
const digestDigits = 32;

/** One more than a small file has, to see that it got no longer. */
const chunk = Buffer.allocUnsafeSlow(smallUpTo + 1);
const hasher = new Blake3Hasher();

/** What reading told; times of the file so near to it that they may not tell a change make it racy. */
interface Told {
  readonly hash: string | null;
  readonly racy: boolean;
}
const nothing: Told = { hash: null, racy: false };
const empty: Told = { hash: emptyContent, racy: false };

/**
 * Collects the rows of a batch. This and what calls it is the inner loop of every scan, run once for each file there is:
 * no closures, no `using`, as few objects as can be.
 */
export class WalkRows {
  readonly folders: WalkedFolder[] = [];
  readonly read = { files: 0, bytes: 0 };
  files = 0;
  /** Files that are small enough to be read at once. */
  small = 0;
  readonly #request: WalkRequest;
  readonly #rows = new CopyRows();
  /** Of the folder in hand: what its digest is of. */
  #standing = new CopyRows();
  #path = "" as PathText;
  #isJunk = false;
  #number = 0n;
  #folderFiles = 0;
  #folderBytes = 0;
  readonly #began = Date.now();

  constructor(request: WalkRequest) {
    this.#request = request;
  }

  /** @param isJunk All that is in the folder. */
  begin(path: PathText, isJunk: boolean): void {
    this.#path = path;
    this.#isJunk = isJunk;
    this.#number = BigInt(this.#request.firstNumber + this.folders.length);
    this.#standing.clear();
    this.#folderFiles = 0;
    this.#folderBytes = 0;
  }

  /**
   * Looks at one name of the folder, and notes it if it is a file.
   *
   * @param path To reach it by.
   * @param isFile Whether the folder says that it is one.
   * @returns What it is if it is no file; null if it was noted.
   * @throws NodeJS.ErrnoException
   */
  add(name: PathText, path: PathText, isFile: boolean): BigIntStats | null {
    const { readsSmall } = this.#request;
    // Nearly all will be read: one way to the file instead of two.
    if (isFile && readsSmall && this.#addOpened(name, path)) return null;
    const stat = lstatSync(systemPath(path), { bigint: true });
    if (!stat.isFile()) return stat;
    this.#note(name, stat, this.#isJunkFile(name, stat), null);
    return null;
  }

  /** @param isWhole Whether all that is in the folder was seen. */
  end(isWhole: boolean): void {
    if (this.#folderFiles === 0) return;
    this.files += this.#folderFiles;
    const standing = this.#standing.written() as Buffer;
    this.folders.push({
      number: Number(this.#number),
      path: this.#path,
      digest: isWhole ? blake3(standing).toString("hex").slice(0, digestDigits) : null,
      files: this.#folderFiles,
      bytes: this.#folderBytes,
      end: this.#rows.length,
    });
  }

  /** All rows, in a buffer of their own. */
  bytes(): Uint8Array<ArrayBuffer> {
    return this.#rows.take();
  }

  /** False if it cannot be opened, or is no file: then a look at it from outside tells. */
  #addOpened(name: PathText, path: PathText): boolean {
    let fd = -1;
    try {
      fd = openSync(systemPath(path), unfollowed);
      const stat = fstatSync(fd, { bigint: true });
      if (!stat.isFile()) return false;
      this.#note(name, stat, this.#isJunkFile(name, stat), fd);
      return true;
    } catch (error) {
      if (systemCode(error) === null) throw error;
      return false;
    } finally {
      if (fd >= 0) closeQuietly(fd);
    }
  }

  #isJunkFile(name: PathText, { size }: BigIntStats): boolean {
    return this.#isJunk || (this.#request.junk === "marked" && isJunkFile(name, size));
  }

  /** @param fd To read it by, if that may be. */
  #note(name: PathText, stat: BigIntStats, isJunk: boolean, fd: number | null): void {
    const { inodes, reading } = this.#request;
    const size = Number(stat.size);
    const isSmall = size > 0 && size <= smallUpTo && !isJunk;
    // Of several names of one file one is read, and which ones there are is known in the end only.
    const mayRead = fd !== null && isSmall && stat.nlink === 1n;
    const none = size === 0 && reading !== undefined ? empty : nothing;
    const told = mayRead ? tell(fd, stat, this.#began, this.read) : none;
    const begin = this.#rows.row(10).int8(this.#number).length;
    this.#rows.text(name).int8(stat.size).int8(storable(stat.mtimeNs));
    if (inodes === "all" || inodes === "exact" || (inodes === "linked" && stat.nlink > 1n)) {
      this.#rows.int8(inodes === "all" ? 0n : signed(stat.dev)).int8(signed(stat.ino));
    } else this.#rows.none().none();
    const withoutChange = this.#rows.boolean(isJunk).length;
    const end = this.#rows.int8(storable(stat.ctimeNs)).boolean(told.racy).length - racyBytes;
    // In the archive each new link to a file changes its ctime, and nothing else about it.
    this.#standing.append(this.#rows.slice(begin, inodes === "all" ? withoutChange : end));
    if (told.hash === null) this.#rows.none();
    else this.#rows.bytea(told.hash);
    this.#folderFiles++;
    this.#folderBytes += size;
    if (isSmall) this.small++;
  }
}

/** Length of a boolean in a row. */
const racyBytes = 5;

/**
 * Reads a small file right after it was looked at.
 *
 * What is written to it from that look on gives it other times than the row has, or it is racy: the next scan reads it
 * again. So one look, before reading, is enough.
 *
 * @param seen What the look at the open file told.
 * @param began When reading began, or earlier; in ms since 1970.
 * @returns No hash if it cannot be read, or is not as long as it was: those who read later tell why.
 */
export function tell(fd: number, seen: BigIntStats, began: number, read: { files: number; bytes: number }): Told {
  const size = Number(seen.size);
  try {
    const got = readSync(fd, chunk, 0, size + 1, 0);
    read.bytes += got;
    if (got !== size) return nothing;
    read.files++;
    hasher.reset();
    hasher.update(chunk.subarray(0, size));
    return { hash: hasher.digest("hex"), racy: isRacy(seen.mtimeNs, seen.ctimeNs, began, Date.now()) };
  } catch (error) {
    if (systemCode(error) === null) throw error;
    return nothing;
  }
}

/** Device and inode numbers have 64 bits without sign, the database's with one. */
function signed(number: bigint): bigint {
  return BigInt.asIntN(64, number);
}
