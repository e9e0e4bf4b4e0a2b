import { constants } from "node:fs";
import { type CrashDisk, contentOf, type DiskFile, type DiskFolder, type DiskNode, now } from "./crash-disk.ts";
import {
  type Attributes,
  type Birth,
  type Change,
  type Entry,
  type FileSystem,
  fileKind,
  kindBits,
  type Listed,
  linkKind,
  type Space,
  systemError,
} from "./file-system.ts";

/** Shows a {@link CrashDisk}. */
export class CrashFiles implements FileSystem {
  readonly #disk: CrashDisk;
  /** Numbers are never used twice, so that what was open before a crash is ESTALE after it. */
  #numbers = new Map<DiskNode, bigint>();
  #nodes = new Map<bigint, DiskNode>();
  #handles = new Map<bigint, { readonly node: DiskNode; readonly listed: readonly Listed[] }>();
  #next = 2n;

  constructor(disk: CrashDisk) {
    this.#disk = disk;
    this.forgetAll();
  }

  /** After a crash. */
  forgetAll(): void {
    this.#numbers = new Map([[this.#disk.root, 1n]]);
    this.#nodes = new Map([[1n, this.#disk.root]]);
    this.#handles = new Map();
  }

  pathOf(node: bigint): string {
    return `#${node}`;
  }

  lookup(parent: bigint, name: string): Entry {
    const found = this.#folder(parent).names.get(name);
    if (found === undefined) throw systemError("ENOENT");
    return this.#entry(found);
  }

  forget(_node: bigint, _count: bigint): void {
    // A test's files are few enough to be remembered all.
  }

  getattr(node: bigint): Attributes {
    return attributesOf(this.#node(node));
  }

  setattr(node: bigint, _handle: bigint | null, change: Change): Attributes {
    const found = this.#node(node);
    const time = now();
    if (change.size !== undefined) resize(asFile(found), change.size);
    if (change.mode !== undefined) found.mode = (found.mode & kindBits) | (change.mode & 0o7777);
    found.uid = change.uid ?? found.uid;
    found.gid = change.gid ?? found.gid;
    if (change.accessed !== undefined) found.accessed = change.accessed === "now" ? time : change.accessed;
    if (change.modified !== undefined) found.modified = change.modified === "now" ? time : change.modified;
    found.changed = time;
    return attributesOf(found);
  }

  readlink(node: bigint): Buffer {
    return contentOf(asFile(this.#node(node)));
  }

  symlink(parent: bigint, name: string, target: Buffer, { uid, gid }: Birth): Entry {
    return this.#add(parent, name, this.#disk.newFile(linkKind | 0o777, uid, gid, Buffer.from(target)));
  }

  mknod(parent: bigint, name: string, { mode, uid, gid }: Birth): Entry {
    if ((mode & kindBits) !== fileKind) throw systemError("EPERM");
    return this.#add(parent, name, this.#disk.newFile(mode, uid, gid));
  }

  mkdir(parent: bigint, name: string, { mode, uid, gid }: Birth): Entry {
    return this.#add(parent, name, this.#disk.newFolder(mode, uid, gid));
  }

  unlink(parent: bigint, name: string): void {
    if (this.#named(parent, name).kind === "folder") throw systemError("EISDIR");
    this.#disk.setName(this.#folder(parent), name, null);
  }

  rmdir(parent: bigint, name: string): void {
    const node = this.#named(parent, name);
    if (node.kind !== "folder") throw systemError("ENOTDIR");
    if (node.names.size > 0) throw systemError("ENOTEMPTY");
    this.#disk.setName(this.#folder(parent), name, null);
  }

  rename(parent: bigint, name: string, newParent: bigint, newName: string, flags: number): void {
    if (flags !== 0) throw systemError("EINVAL");
    const node = this.#named(parent, name);
    const target = this.#folder(newParent);
    const replaced = target.names.get(newName);
    if (replaced === node) return;
    // The tree must stay one: see CrashDisk.
    if (node.kind === "folder") throw systemError("EXDEV");
    if (replaced?.kind === "folder") throw systemError("EISDIR");
    this.#disk.setName(target, newName, node);
    this.#disk.setName(this.#folder(parent), name, null);
  }

  link(node: bigint, newParent: bigint, newName: string): Entry {
    return this.#add(newParent, newName, asFile(this.#node(node)));
  }

  open(node: bigint, flags: number): bigint {
    const file = asFile(this.#node(node));
    if ((flags & constants.O_TRUNC) !== 0) resize(file, 0);
    return this.#handle(file, []);
  }

  create(parent: bigint, name: string, { mode, uid, gid }: Birth): { entry: Entry; handle: bigint } {
    const file = this.#disk.newFile((mode & 0o7777) | fileKind, uid, gid);
    return { entry: this.#add(parent, name, file), handle: this.#handle(file, []) };
  }

  read(handle: bigint, offset: number, size: number): Buffer {
    return contentOf(asFile(this.#opened(handle).node)).subarray(offset, offset + size);
  }

  write(handle: bigint, offset: number, data: Buffer): number {
    const file = asFile(this.#opened(handle).node);
    if (offset + data.length > file.size) resize(file, offset + data.length);
    data.copy(file.bytes, offset);
    file.modified = now();
    file.changed = file.modified;
    return data.length;
  }

  flush(_handle: bigint): void {
    // Closing a file puts nothing on the disk.
  }

  release(handle: bigint): void {
    this.#handles.delete(handle);
  }

  fsync(handle: bigint): void {
    this.#disk.flushFile(asFile(this.#opened(handle).node));
  }

  opendir(node: bigint): bigint {
    const folder = this.#folder(node);
    const { inode, mode } = folder;
    const listed = [...folder.names].map(([name, one]) => ({ name, inode: one.inode, mode: one.mode }));
    return this.#handle(folder, [{ name: ".", inode, mode }, { name: "..", inode, mode }, ...listed]);
  }

  readdir(handle: bigint, _offset: number): readonly Listed[] {
    return this.#opened(handle).listed;
  }

  releasedir(handle: bigint): void {
    this.#handles.delete(handle);
  }

  fsyncdir(handle: bigint): void {
    const { node } = this.#opened(handle);
    if (node.kind === "folder") this.#disk.flushFolder(node);
  }

  syncfs(): void {
    this.#disk.flushAll();
  }

  statfs(): Space {
    return { blocks: 1n << 20n, free: 1n << 19n, files: 1n << 20n, filesFree: 1n << 19n, blockBytes: 4096 };
  }

  #add(parent: bigint, name: string, node: DiskNode): Entry {
    const folder = this.#folder(parent);
    if (folder.names.has(name)) throw systemError("EEXIST");
    this.#disk.setName(folder, name, node);
    return this.#entry(node);
  }

  #entry(node: DiskNode): Entry {
    const number = this.#numbers.get(node) ?? this.#next++;
    this.#numbers.set(node, number);
    this.#nodes.set(number, node);
    return { node: number, attributes: attributesOf(node) };
  }

  #handle(node: DiskNode, listed: readonly Listed[]): bigint {
    this.#handles.set(this.#next, { node, listed });
    return this.#next++;
  }

  #opened(handle: bigint): { readonly node: DiskNode; readonly listed: readonly Listed[] } {
    const opened = this.#handles.get(handle);
    if (opened === undefined) throw systemError("ESTALE");
    return opened;
  }

  #named(parent: bigint, name: string): DiskNode {
    const node = this.#folder(parent).names.get(name);
    if (node === undefined) throw systemError("ENOENT");
    return node;
  }

  #folder(number: bigint): DiskFolder {
    const node = this.#node(number);
    if (node.kind !== "folder") throw systemError("ENOTDIR");
    return node;
  }

  #node(number: bigint): DiskNode {
    const node = this.#nodes.get(number);
    if (node === undefined) throw systemError("ESTALE");
    return node;
  }
}

function asFile(node: DiskNode): DiskFile {
  if (node.kind === "folder") throw systemError("EISDIR");
  return node;
}

/** Grows in steps, so that appending stays cheap. */
function resize(file: DiskFile, size: number): void {
  if (size > file.bytes.length) {
    const grown = Buffer.alloc(Math.max(size, file.bytes.length * 2));
    contentOf(file).copy(grown);
    file.bytes = grown;
  } else file.bytes.fill(0, size, Math.max(size, file.size));
  file.size = size;
  file.modified = now();
  file.changed = file.modified;
}

function attributesOf(node: DiskNode): Attributes {
  const { inode, mode, uid, gid, accessed, modified, changed } = node;
  const size = node.kind === "folder" ? 4096n : BigInt(node.size);
  const links = node.kind === "folder" ? 2 + [...node.names.values()].filter(isFolder).length : node.links;
  return { inode, size, mode, links, uid, gid, device: 0, accessed, modified, changed };
}

const isFolder = (node: DiskNode): node is DiskFolder => node.kind === "folder";
