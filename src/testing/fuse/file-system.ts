/**
 * What a file system of the tests must be able to do: the kernel's questions, one function each.
 *
 * Files are known by node numbers, which the file system gives out (the root is 1) and may forget when the kernel does.
 * Names are bytes, one character each. All of it throws system errors, see {@link systemError}.
 */
export interface Attributes {
  readonly inode: bigint;
  readonly size: bigint;
  /** Kind and permission bits. */
  readonly mode: number;
  readonly links: number;
  readonly uid: number;
  readonly gid: number;
  readonly device: number;
  /** Nanoseconds since 1970. */
  readonly accessed: bigint;
  readonly modified: bigint;
  readonly changed: bigint;
}

export interface Entry {
  readonly node: bigint;
  readonly attributes: Attributes;
}

/** What to make of a file; what is undefined stays. */
export interface Change {
  readonly size?: number;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly accessed?: bigint | "now";
  readonly modified?: bigint | "now";
}

export interface Listed {
  readonly name: string;
  readonly inode: bigint;
  readonly mode: number;
}

export interface Space {
  readonly blocks: bigint;
  readonly free: bigint;
  readonly files: bigint;
  readonly filesFree: bigint;
  readonly blockBytes: number;
}

/** Who makes a new file, and with which kind and permissions. */
export interface Birth {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

export interface FileSystem {
  /** Path below the root, "" for the root: for rules, and for messages. */
  pathOf(node: bigint): string;
  lookup(parent: bigint, name: string): Entry;
  forget(node: bigint, count: bigint): void;
  getattr(node: bigint, handle: bigint | null): Attributes;
  setattr(node: bigint, handle: bigint | null, change: Change): Attributes;
  readlink(node: bigint): Buffer;
  symlink(parent: bigint, name: string, target: Buffer, birth: Birth): Entry;
  mknod(parent: bigint, name: string, birth: Birth): Entry;
  mkdir(parent: bigint, name: string, birth: Birth): Entry;
  unlink(parent: bigint, name: string): void;
  rmdir(parent: bigint, name: string): void;
  rename(parent: bigint, name: string, newParent: bigint, newName: string, flags: number): void;
  link(node: bigint, newParent: bigint, newName: string): Entry;
  open(node: bigint, flags: number): bigint;
  create(parent: bigint, name: string, birth: Birth, flags: number): { entry: Entry; handle: bigint };
  read(handle: bigint, offset: number, size: number): Buffer;
  /** @returns how many bytes it took */
  write(handle: bigint, offset: number, data: Buffer): number;
  flush(handle: bigint): void;
  release(handle: bigint): void;
  fsync(handle: bigint): void;
  opendir(node: bigint): bigint;
  /** All names as they were when the folder was opened, "." and ".." first; only those from `offset` on are wanted. */
  readdir(handle: bigint, offset: number): readonly Listed[];
  releasedir(handle: bigint): void;
  fsyncdir(handle: bigint): void;
  syncfs(): void;
  statfs(): Space;
}

/** Kinds of files, in a mode. */
export const kindBits = 0o170000;
export const folderKind = 0o040000;
export const fileKind = 0o100000;
export const linkKind = 0o120000;

/** An error as system calls throw it: "EIO". */
export function systemError(code: string): Error {
  return Object.assign(new Error(code), { code });
}
