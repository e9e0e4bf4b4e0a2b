import { constants } from "node:os";
import type koffi from "koffi";
import { unfollowed } from "./open-file.ts";

/**
 * System calls by way of the C library, without what node does around each: to look at a file that lies in an open
 * folder takes 4 µs instead of 9, to open, read and close it 8 instead of 13. They are for the inner loops of a scan.
 * Nothing needs them: where they cannot be had, as on a machine for which `koffi` brings no binary, node does the same.
 *
 * All return -1 where they fail and say no more: node's own call, made then, tells why, or succeeds.
 */
export interface SystemCalls {
  /** What {@link SystemCalls.statx} found, until it is called again. */
  readonly found: FoundByStatx;
  /**
   * Looks at a name in an open folder, without following a link; "" is what is open itself.
   *
   * @param folder File descriptor.
   */
  statx(folder: number, name: string): number;
  /** Opens a file for reading, as {@link unfollowed} says. @returns A file descriptor. */
  openForReading(folder: number, name: string): number;
  /** Reads from where the file stands. @returns Number of bytes. */
  read(fd: number, into: Uint8Array, bytes: number): number;
  /** Whether the first bytes are in memory; true, too, where the file system does not say, as ZFS. */
  isInMemory(fd: number): boolean;
  /** Has the system begin to read, and does not wait. */
  readAhead(fd: number, position: number, bytes: number): void;
  close(fd: number): number;
}

/** Fields of `struct statx`, which looks the same on all processors (linux/stat.h). */
export class FoundByStatx {
  readonly #bytes = new Uint8Array(256);
  readonly #view = new DataView(this.#bytes.buffer);

  /** For the call itself. */
  get buffer(): Uint8Array {
    return this.#bytes;
  }

  get isFile(): boolean {
    return (this.#view.getUint16(28, isLittle) & 0o170000) === 0o100000;
  }

  get nlink(): number {
    return this.#view.getUint32(16, isLittle);
  }

  get ino(): bigint {
    return this.#view.getBigUint64(32, isLittle);
  }

  /** Bytes. */
  get size(): number {
    return this.#view.getUint32(40, isLittle) + this.#view.getUint32(44, isLittle) * 2 ** 32;
  }

  get ctimeNs(): bigint {
    return this.#time(96);
  }

  get mtimeNs(): bigint {
    return this.#time(112);
  }

  /** As `stat` gives it: makedev(3) of the two numbers. */
  get dev(): bigint {
    const [major, minor] = [BigInt(this.#view.getUint32(136, isLittle)), BigInt(this.#view.getUint32(140, isLittle))];
    return ((major & 0xfffff000n) << 32n) | ((major & 0xfffn) << 8n) | ((minor & 0xffffff00n) << 12n) | (minor & 0xffn);
  }

  #time(at: number): bigint {
    return this.#view.getBigInt64(at, isLittle) * 1_000_000_000n + BigInt(this.#view.getUint32(at + 8, isLittle));
  }
}

/** Nearly every machine; the others write their numbers the other way round. */
const isLittle = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

const atEmptyPath = 0x1000;
const atSymlinkNofollow = 0x100;
/** Type and mode, links, size, times, inode: what `stat` tells. */
const basicStats = 0x7ff;

/** RWF_NOWAIT, EAGAIN and POSIX_FADV_WILLNEED. */
const withoutWaiting = 8;
const { EAGAIN: wouldWait } = constants.errno;
const willNeed = 3;

let loaded: Promise<SystemCalls | null> | null = null;

/** The calls; null where they cannot be had. Loading takes a thread 10 ms, once. */
export function systemCalls(): Promise<SystemCalls | null> {
  loaded ??= load();
  return loaded;
}

async function load(): Promise<SystemCalls | null> {
  if (process.platform !== "linux") return null;
  try {
    const { default: ffi } = await import("koffi");
    return fromLibrary(ffi);
  } catch {
    return null;
  }
}

function fromLibrary(ffi: typeof koffi): SystemCalls {
  // The program itself: it has its C library in it, whichever that is.
  const library = ffi.load(null);
  const statx = library.func("int statx(int, const char *, int, uint32_t, void *)");
  // After the flags follow a mode and nothing else, for O_CREAT only, which is never asked for here.
  const openat = library.func("int openat(int, const char *, int)");
  ffi.struct("iovec", { base: "void *", length: "size_t" });
  const preadv2 = library.func("long preadv2(int, iovec *, int, int64_t, int)");
  const fadvise = library.func("int posix_fadvise(int, int64_t, int64_t, int)");
  const found = new FoundByStatx();
  const one = [{ base: Buffer.alloc(1), length: 1 }];
  const { buffer } = found;
  return {
    found,
    statx: (folder, name) =>
      statx(folder, name, name === "" ? atEmptyPath : atSymlinkNofollow, basicStats, buffer) as number,
    openForReading: (folder, name) => openat(folder, name, unfollowed) as number,
    read: library.func("long read(int, void *, size_t)") as SystemCalls["read"],
    isInMemory: (fd) => preadv2(fd, one, 1, 0, withoutWaiting) >= 0 || ffi.errno() !== wouldWait,
    readAhead: (fd, position, bytes) => void fadvise(fd, position, bytes, willNeed),
    close: library.func("int close(int)") as SystemCalls["close"],
  };
}
