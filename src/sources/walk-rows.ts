import { type BigIntStats, fstatSync, lstatSync } from "node:fs";
import { blake3 } from "@napi-rs/blake-hash";
import { openUnfollowed } from "../disk/open-file.ts";
import { sameVersion } from "../disk/same-version.ts";
import { readWhole } from "../hashing/read-file.ts";
import { systemCode } from "../model/errors.ts";
import { type PathText, systemPath } from "../model/path.ts";
import { isRacy, storable } from "../model/time.ts";
import { isJunkFile } from "./junk.ts";
import { smallUpTo, type WalkedFolder, type WalkRequest } from "./walk.ts";

/** Hex digits of a folder's digest. */
const digestDigits = 32;

const notRead = "f\t\\N";

/** Collects the rows of a batch as text, a string a folder: that costs a tenth of an object a file. */
export class WalkRows {
  readonly folders: WalkedFolder[] = [];
  readonly read = { files: 0, bytes: 0 };
  files = 0;
  /** Files that are small enough to be read at once. */
  small = 0;
  readonly #request: WalkRequest;
  readonly #finished: Buffer[] = [];
  #length = 0;
  #folder: { readonly number: number; readonly path: PathText; readonly isJunk: boolean } | null = null;
  /** Of the folder in hand: its rows, what its digest is of, and what they add up to. */
  #rows = "";
  #standing = "";
  #folderFiles = 0;
  #folderBytes = 0;

  constructor(request: WalkRequest) {
    this.#request = request;
  }

  /** @param isJunk All that is in the folder. */
  begin(path: PathText, isJunk: boolean): void {
    this.#folder = { number: this.#request.firstNumber + this.folders.length, path, isJunk };
    this.#rows = "";
    this.#standing = "";
    this.#folderFiles = 0;
    this.#folderBytes = 0;
  }

  /**
   * Looks at one name of the folder, and notes it if it is a file.
   *
   * @param path To reach it by.
   * @returns What it is if it is no file; null if it was noted.
   * @throws NodeJS.ErrnoException
   */
  add(name: PathText, path: PathText): BigIntStats | null {
    const stat = lstatSync(systemPath(path), { bigint: true });
    if (!stat.isFile()) return stat;
    const { inodes, junk, readsSmall } = this.#request;
    const kept = inodes === "all" || inodes === "exact" || (inodes === "linked" && stat.nlink > 1n);
    const device = inodes === "all" ? 0n : stat.dev;
    const inode = kept ? `${signed(device)}\t${signed(stat.ino)}` : "\\N\t\\N";
    const isJunk = this.#folder?.isJunk === true || (junk === "marked" && isJunkFile(name, stat.size));
    const column = name.includes("\\") ? name.replaceAll("\\", "\\\\") : name;
    const [size, mtime, ctime] = [stat.size, storable(stat.mtimeNs), storable(stat.ctimeNs)];
    const isSmall = !isJunk && size > 0n && size <= smallUpTo;
    // Of several names of one file one is read, and which ones there are is known in the end only.
    const told = isSmall && readsSmall && stat.nlink === 1n ? readAtOnce(path, stat, this.read) : notRead;
    const rest = `${inode}\t${isJunk ? "t" : "f"}`;
    this.#rows += `${this.#folder?.number}\t${column}\t${size}\t${mtime}\t${ctime}\t${rest}\t${told}\n`;
    // In the archive each new link to a file changes its ctime, and nothing else about it.
    this.#standing += `${column}\t${size}\t${mtime}\t${inodes === "all" ? "" : ctime}\t${rest}\n`;
    this.#folderFiles++;
    this.#folderBytes += Number(size);
    if (isSmall) this.small++;
    return null;
  }

  /** @param isWhole Whether all that is in the folder was seen. */
  end(isWhole: boolean): void {
    if (this.#folder === null || this.#folderFiles === 0) return;
    const bytes = Buffer.from(this.#rows);
    this.#finished.push(bytes);
    this.#length += bytes.length;
    this.files += this.#folderFiles;
    const { number, path } = this.#folder;
    const digest = isWhole ? blake3(this.#standing).toString("hex").slice(0, digestDigits) : null;
    const [files, sum] = [this.#folderFiles, this.#folderBytes];
    this.folders.push({ number, path, digest, files, bytes: sum, end: this.#length });
  }

  /** All rows, in a buffer of their own. */
  bytes(): Uint8Array {
    const all = new Uint8Array(this.#length);
    let end = 0;
    for (const bytes of this.#finished) {
      all.set(bytes, end);
      end += bytes.length;
    }
    return all;
  }
}

/**
 * Reads a small file that was just looked at.
 *
 * @param path To reach it by.
 * @returns The columns racy and hash. What cannot be read now, or is not what was looked at, is left to those who read
 *   later, and tell why not.
 */
export function readAtOnce(path: PathText, seen: BigIntStats, read: { files: number; bytes: number }): string {
  try {
    const started = Date.now();
    using file = openUnfollowed(path);
    const digests = readWhole(file.fd, Number(seen.size), read);
    const now = fstatSync(file.fd, { bigint: true });
    if (digests === null || now.ino !== seen.ino || !sameVersion(now, seen)) return notRead;
    read.files++;
    return `${isRacy(now.mtimeNs, now.ctimeNs, started, Date.now()) ? "t" : "f"}\t\\\\x${digests.hash}`;
  } catch (error) {
    if (systemCode(error) === null) throw error;
    return notRead;
  }
}

/** Device and inode numbers have 64 bits without sign, the database's with one. */
function signed(number: bigint): bigint {
  return BigInt.asIntN(64, number);
}
