import {
  type BigIntStats,
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  lchownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  renameSync,
  rmdirSync,
  statfsSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import type { EpochNs } from "../../model/time.ts";
import { utimesSeconds } from "../../model/time.ts";
import {
  type Attributes,
  type Birth,
  type Change,
  type Entry,
  type FileSystem,
  type Listed,
  type Space,
  systemError,
} from "./file-system.ts";
import { Nodes } from "./nodes.ts";

interface Listing {
  readonly path: string;
  readonly listed: readonly Listed[];
}

/** Shows a folder of a real disk as it is. */
export class PassThrough implements FileSystem {
  readonly #root: string;
  readonly #nodes = new Nodes();
  readonly #listings = new Map<bigint, Listing>();
  #nextListing = 1n;

  /** @param root Absolute. */
  constructor(root: Buffer) {
    this.#root = root.toString("latin1");
  }

  pathOf(node: bigint): string {
    return this.#nodes.pathOf(node);
  }

  lookup(parent: bigint, name: string): Entry {
    return this.#entry(this.below(parent, name));
  }

  forget(node: bigint, count: bigint): void {
    this.#nodes.forget(node, count);
  }

  getattr(node: bigint, handle: bigint | null): Attributes {
    return attributesOf(
      handle === null ? lstatSync(this.real(node), { bigint: true }) : fstatSync(Number(handle), { bigint: true }),
    );
  }

  setattr(node: bigint, handle: bigint | null, change: Change): Attributes {
    // An open file may have no name any more; through its descriptor it has one.
    const path = handle === null ? this.real(node) : `/proc/self/fd/${handle}`;
    if (change.size !== undefined) truncateSync(path, change.size);
    if (change.mode !== undefined) chmodSync(path, change.mode & 0o7777);
    if (change.uid !== undefined || change.gid !== undefined) {
      const now = this.getattr(node, handle);
      lchownSync(path, change.uid ?? now.uid, change.gid ?? now.gid);
    }
    if (change.accessed !== undefined || change.modified !== undefined) {
      const now = this.getattr(node, handle);
      const time = (wanted: bigint | "now" | undefined, kept: bigint) =>
        wanted === "now" ? new Date() : utimesSeconds((wanted ?? kept) as EpochNs);
      const times = [time(change.accessed, now.accessed), time(change.modified, now.modified)] as const;
      if (handle === null) lutimesSync(path, ...times);
      else utimesSync(path, ...times);
    }
    return this.getattr(node, handle);
  }

  readlink(node: bigint): Buffer {
    return readlinkSync(this.real(node), { encoding: "buffer" });
  }

  symlink(parent: bigint, name: string, target: Buffer): Entry {
    symlinkSync(target, this.realBelow(parent, name));
    return this.lookup(parent, name);
  }

  mknod(parent: bigint, name: string, { mode }: Birth): Entry {
    if ((mode & 0o170000) !== 0o100000) throw systemError("EPERM");
    writeFileSync(this.realBelow(parent, name), "", { flag: "wx", mode: mode & 0o7777 });
    return this.lookup(parent, name);
  }

  mkdir(parent: bigint, name: string, { mode }: Birth): Entry {
    mkdirSync(this.realBelow(parent, name), { mode: mode & 0o7777 });
    return this.lookup(parent, name);
  }

  unlink(parent: bigint, name: string): void {
    unlinkSync(this.realBelow(parent, name));
  }

  rmdir(parent: bigint, name: string): void {
    rmdirSync(this.realBelow(parent, name));
  }

  rename(parent: bigint, name: string, newParent: bigint, newName: string, flags: number): void {
    if (flags !== 0) throw systemError("EINVAL");
    renameSync(this.realBelow(parent, name), this.realBelow(newParent, newName));
    this.#nodes.renamed(this.below(parent, name), this.below(newParent, newName));
  }

  link(node: bigint, newParent: bigint, newName: string): Entry {
    linkSync(this.real(node), this.realBelow(newParent, newName));
    return this.lookup(newParent, newName);
  }

  open(node: bigint, flags: number): bigint {
    return BigInt(openSync(this.real(node), ownFlags(flags)));
  }

  create(parent: bigint, name: string, { mode }: Birth, flags: number): { entry: Entry; handle: bigint } {
    const fd = openSync(this.realBelow(parent, name), ownFlags(flags) | constants.O_CREAT, mode & 0o7777);
    return { entry: this.lookup(parent, name), handle: BigInt(fd) };
  }

  read(handle: bigint, offset: number, size: number): Buffer {
    const buffer = Buffer.allocUnsafe(size);
    return buffer.subarray(0, readSync(Number(handle), buffer, 0, size, offset));
  }

  write(handle: bigint, offset: number, data: Buffer): number {
    return writeSync(Number(handle), data, 0, data.length, offset);
  }

  flush(_handle: bigint): void {
    // There is nothing to hand over: every write was one.
  }

  release(handle: bigint): void {
    closeSync(Number(handle));
  }

  fsync(handle: bigint): void {
    fsyncSync(Number(handle));
  }

  opendir(node: bigint): bigint {
    const path = this.pathOf(node);
    const names = readdirSync(this.real(node), { encoding: "buffer" }).map((name) => name.toString("latin1"));
    const listed = [".", "..", ...names].flatMap((name): Listed[] => {
      const stats = lstatSync(this.absolute(name === "." || name === ".." ? path : joined(path, name)), {
        bigint: true,
        throwIfNoEntry: false,
      });
      return stats === undefined ? [] : [{ name, inode: stats.ino, mode: Number(stats.mode) }];
    });
    this.#listings.set(this.#nextListing, { path, listed });
    return this.#nextListing++;
  }

  readdir(handle: bigint, _offset: number): readonly Listed[] {
    const listing = this.#listings.get(handle);
    if (listing === undefined) throw systemError("ESTALE");
    return listing.listed;
  }

  releasedir(handle: bigint): void {
    this.#listings.delete(handle);
  }

  fsyncdir(handle: bigint): void {
    const fd = openSync(this.absolute(this.#listings.get(handle)?.path ?? ""), constants.O_RDONLY);
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  }

  syncfs(): void {
    // The disk below will do it in its own time.
  }

  statfs(): Space {
    const { blocks, bavail, files, ffree, bsize } = statfsSync(this.absolute(""), { bigint: true });
    return { blocks, free: bavail, files, filesFree: ffree, blockBytes: Number(bsize) };
  }

  /** @returns path below the root */
  protected below(parent: bigint, name: string): string {
    return joined(this.pathOf(parent), name);
  }

  protected real(node: bigint): Buffer {
    return this.absolute(this.pathOf(node));
  }

  protected realBelow(parent: bigint, name: string): Buffer {
    return this.absolute(this.below(parent, name));
  }

  protected absolute(path: string): Buffer {
    return Buffer.from(joined(this.#root, path), "latin1");
  }

  #entry(path: string): Entry {
    const stats = lstatSync(this.absolute(path), { bigint: true });
    return { node: this.#nodes.numberOf(path, stats.ino), attributes: attributesOf(stats) };
  }
}

function joined(folder: string, name: string): string {
  return folder === "" || name === "" ? folder + name : `${folder}/${name}`;
}

/** The kernel says where every write goes, and has looked at the name before. */
function ownFlags(flags: number): number {
  return flags & ~(constants.O_APPEND | constants.O_NOFOLLOW | constants.O_DIRECT) & 0xffffff;
}

function attributesOf(stats: BigIntStats): Attributes {
  const { ino, size, mode, nlink, uid, gid, rdev, atimeNs, mtimeNs, ctimeNs } = stats;
  return {
    inode: ino,
    size,
    mode: Number(mode),
    links: Number(nlink),
    uid: Number(uid),
    gid: Number(gid),
    device: Number(rdev),
    accessed: atimeNs,
    modified: mtimeNs,
    changed: ctimeNs,
  };
}
