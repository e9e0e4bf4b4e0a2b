import { type BigIntStats, lstatSync, openSync } from "node:fs";
import { blake3 } from "@napi-rs/blake-hash";
import { closeQuietly } from "../disk/close-quietly.ts";
import { type Looked, lookAt, lookedBy } from "../disk/looked.ts";
import { unfollowed } from "../disk/open-file.ts";
import { inHeld } from "../disk/open-folders.ts";
import type { Version } from "../disk/same-version.ts";
import type { SystemCalls } from "../disk/system-calls.ts";
import { CopyRows } from "../model/copy-rows.ts";
import { systemCode } from "../model/errors.ts";
import { emptyContent } from "../model/fingerprint.ts";
import { type PathText, systemPath } from "../model/path.ts";
import { isRacy, storable } from "../model/time.ts";
import { isJunkFile } from "./junk.ts";
import { readSmall } from "./read-small.ts";
import { smallUpTo, type WalkedFolder, type WalkRequest } from "./walk.ts";

/** Hex digits of a folder's digest. */
const digestDigits = 32;

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
  /** The folder itself, open. */
  #folder = -1;
  readonly #began = Date.now();
  readonly #calls: SystemCalls | null;

  /** @param calls null: node's own are used. */
  constructor(request: WalkRequest, calls: SystemCalls | null) {
    this.#request = request;
    this.#calls = calls;
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
   * @param folder Open: file descriptor.
   * @param isFile Whether the folder says that it is one.
   * @returns What it is if it is no file; null if it was noted.
   * @throws NodeJS.ErrnoException
   */
  add(name: PathText, folder: number, isFile: boolean): BigIntStats | null {
    this.#folder = folder;
    // Nearly all will be read: one way to the file instead of two.
    if (isFile && this.#request.readsSmall && this.#addOpened(name)) return null;
    const calls = this.#callsFor(name);
    if (calls !== null && calls.statx(folder, name) === 0 && calls.found.isFile) {
      this.#note(name, calls.found, this.#isJunkFile(name, calls.found), null);
      return null;
    }
    const stat = lstatSync(systemPath(inHeld(folder, name)), { bigint: true });
    if (!stat.isFile()) return stat;
    const looked = lookedBy(stat);
    this.#note(name, looked, this.#isJunkFile(name, looked), null);
    return null;
  }

  /** @param isWhole Whether all that is in the folder was seen. */
  end(isWhole: boolean): void {
    if (this.#folderFiles === 0) return;
    this.files += this.#folderFiles;
    const standing = this.#standing.slice(0, this.#standing.length) as Buffer;
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
  #addOpened(name: PathText): boolean {
    const fd = this.#open(name);
    if (fd < 0) return false;
    try {
      const looked = lookAt(fd, this.#calls);
      if (!looked.isFile) return false;
      this.#note(name, looked, this.#isJunkFile(name, looked), fd);
      return true;
    } finally {
      if (this.#calls === null) closeQuietly(fd);
      else this.#calls.close(fd);
    }
  }

  /** -1 if it cannot be opened. */
  #open(name: PathText): number {
    const calls = this.#callsFor(name);
    if (calls !== null) return calls.openForReading(this.#folder, name);
    try {
      return openSync(systemPath(inHeld(this.#folder, name)), unfollowed);
    } catch (error) {
      if (systemCode(error) === null) throw error;
      return -1;
    }
  }

  /** A name with bytes that are no text is for node, which takes bytes. */
  #callsFor(name: PathText): SystemCalls | null {
    return name.includes("\\") ? null : this.#calls;
  }

  #isJunkFile(name: PathText, { size }: Looked): boolean {
    return this.#isJunk || (this.#request.junk === "marked" && isJunkFile(name, size));
  }

  /** @param fd To read it by, if that may be. */
  #note(name: PathText, looked: Looked, isJunk: boolean, fd: number | null): void {
    const { inodes } = this.#request;
    const { size, nlink, mtimeNs, ctimeNs } = looked;
    const [mtime, ctime] = [storable(mtimeNs), storable(ctimeNs)];
    const isSmall = size > 0 && size <= smallUpTo && !isJunk;
    const begin = this.#rows.row(10).int8(this.#number).length;
    this.#rows.text(name).int8Of(size).int8(mtime);
    if (inodes === "all" || inodes === "exact" || (inodes === "linked" && nlink > 1)) {
      this.#rows.int8(inodes === "all" ? 0n : signed(looked.dev)).int8(signed(looked.ino));
    } else this.#rows.none().none();
    const withoutChange = this.#rows.boolean(isJunk).length;
    const end = this.#rows.int8(ctime).length;
    // In the archive each new link to a file changes its ctime, and nothing else about it.
    this.#standing.append(this.#rows.slice(begin, inodes === "all" ? withoutChange : end));
    // Of several names of one file one is read, and which ones there are is known in the end only.
    const mayRead = isSmall && nlink === 1;
    const told = fd !== null && mayRead ? this.#tell(fd, { size, mtimeNs, ctimeNs }) : this.#untold(size);
    this.#rows.boolean(told.racy);
    if (told.hash === null) this.#rows.none();
    else this.#rows.bytea(told.hash);
    this.#folderFiles++;
    this.#folderBytes += size;
    if (isSmall) this.small++;
  }

  #untold(size: number): Told {
    return size === 0 && this.#request.reading !== undefined ? empty : nothing;
  }

  #tell(fd: number, seen: Version<number>): Told {
    const hash = readSmall(fd, seen, this.read, this.#calls);
    return hash === null ? nothing : { hash, racy: isRacy(seen.mtimeNs, seen.ctimeNs, this.#began, Date.now()) };
  }
}

/** Device and inode numbers have 64 bits without sign, the database's with one. */
function signed(number: bigint): bigint {
  return BigInt.asIntN(64, number);
}
