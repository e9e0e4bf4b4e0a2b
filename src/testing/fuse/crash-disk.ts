/**
 * A disk in memory that can lose its power.
 *
 * It keeps no more order than POSIX promises: what was flushed stays; of all else each piece, of a file's bytes and of
 * its size, and each name of a folder, is there or not on its own after a crash, whatever came before or after it.
 */
import { Chance } from "../chance.ts";
import { folderKind, kindBits, linkKind } from "./file-system.ts";

/** Of files and folders alike. */
interface Inode {
  readonly inode: bigint;
  mode: number;
  uid: number;
  gid: number;
  accessed: bigint;
  modified: bigint;
  changed: bigint;
}

export interface DiskFile extends Inode {
  readonly kind: "file" | "link";
  links: number;
  bytes: Buffer;
  /** Length of `bytes` that counts. */
  size: number;
  /** As it stands on the disk for good. */
  durable: FileState;
}

export interface DiskFolder extends Inode {
  readonly kind: "folder";
  readonly names: Map<string, DiskNode>;
  readonly durable: Map<string, DiskNode>;
  /** What each name stood for, one after the other, since the folder was flushed; null for nothing. */
  readonly pending: Map<string, (DiskNode | null)[]>;
}

export type DiskNode = DiskFile | DiskFolder;

interface FileState {
  readonly bytes: Buffer;
  readonly mode: number;
  readonly modified: bigint;
}

/** What a disk writes at once. */
const blockBytes = 4096;

export class CrashDisk {
  #lastInode = 0n;
  readonly root = this.newFolder(0o755, 0, 0);

  newFile(mode: number, uid: number, gid: number, bytes = Buffer.alloc(0)): DiskFile {
    const kind = (mode & kindBits) === linkKind ? "link" : "file";
    const durable = { bytes: Buffer.alloc(0), mode, modified: now() };
    return { ...this.#inode(mode, uid, gid), kind, links: 0, bytes, size: bytes.length, durable };
  }

  newFolder(mode: number, uid: number, gid: number): DiskFolder {
    const tables = { names: new Map(), durable: new Map(), pending: new Map() };
    return { ...this.#inode((mode & 0o7777) | folderKind, uid, gid), kind: "folder", ...tables };
  }

  /** Lets a name of a folder stand for something else, or for nothing. */
  setName(folder: DiskFolder, name: string, node: DiskNode | null): void {
    const before = folder.names.get(name);
    if (before?.kind === "file" || before?.kind === "link") before.links -= 1;
    if (node?.kind === "file" || node?.kind === "link") node.links += 1;
    if (node === null) folder.names.delete(name);
    else folder.names.set(name, node);
    folder.pending.set(name, [...(folder.pending.get(name) ?? []), node]);
    folder.modified = now();
    folder.changed = folder.modified;
    for (const one of [before, node]) if (one !== undefined && one !== null) one.changed = folder.modified;
  }

  flushFile(file: DiskFile): void {
    file.durable = { bytes: Buffer.from(contentOf(file)), mode: file.mode, modified: file.modified };
  }

  flushFolder(folder: DiskFolder): void {
    folder.durable.clear();
    for (const [name, node] of folder.names) folder.durable.set(name, node);
    folder.pending.clear();
  }

  flushAll(): void {
    for (const node of reachable(this.root)) node.kind === "folder" ? this.flushFolder(node) : this.flushFile(node);
  }

  /** The power goes, and comes again. The same seed loses the same, in the same state. */
  crash(loses: number | "everything"): void {
    const chance = new Chance(loses === "everything" ? 0 : loses);
    // Some crashes lose nearly all that was not flushed, some nearly nothing.
    const survival = loses === "everything" ? 0 : chance.oneOf([0, 10, 50, 90]);
    const survives = () => chance.happens(survival);
    const kept = (folder: DiskFolder): DiskFolder => {
      for (const [name, states] of folder.pending) {
        if (!survives()) continue;
        const state = states[chance.number(states.length)] ?? null;
        if (state === null) folder.durable.delete(name);
        else folder.durable.set(name, state);
      }
      folder.pending.clear();
      folder.names.clear();
      for (const [name, node] of folder.durable) folder.names.set(name, node);
      return folder;
    };
    const files = new Set<DiskFile>();
    const folders = [kept(this.root)];
    for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
      for (const node of folder.names.values()) {
        if (node.kind === "folder") folders.push(kept(node));
        else {
          if (!files.has(node)) node.links = 0;
          node.links += 1;
          files.add(node);
        }
      }
    }
    for (const file of files) tear(file, survives, chance);
  }

  #inode(mode: number, uid: number, gid: number): Inode {
    const time = now();
    this.#lastInode += 1n;
    return { inode: this.#lastInode, mode, uid, gid, accessed: time, modified: time, changed: time };
  }
}

/** What the disk has of a file after a crash: each block old, new or zeros; the size old, new or between. */
function tear(file: DiskFile, survives: () => boolean, chance: Chance): void {
  const { durable } = file;
  const current = contentOf(file);
  const isPending = !durable.bytes.equals(current);
  if (isPending) {
    const [least, most] = [durable.bytes.length, current.length].sort((a, b) => a - b) as [number, number];
    const chosen = [durable.bytes.length, current.length, least + chance.number(most - least + 1)];
    const size = survives() ? chance.oneOf(chosen) : durable.bytes.length;
    const bytes = Buffer.alloc(size);
    durable.bytes.copy(bytes);
    for (let at = 0; at < Math.min(size, current.length); at += blockBytes) {
      if (survives()) current.copy(bytes, at, at, Math.min(at + blockBytes, current.length));
    }
    file.bytes = bytes;
    file.size = size;
  }
  if (!survives()) {
    file.mode = durable.mode;
    file.modified = durable.modified;
  }
  file.durable = { bytes: Buffer.from(contentOf(file)), mode: file.mode, modified: file.modified };
}

export function contentOf({ bytes, size }: DiskFile): Buffer {
  return bytes.subarray(0, size);
}

export function now(): bigint {
  return BigInt(Date.now()) * 1_000_000n + (process.hrtime.bigint() % 1_000_000n);
}

function* reachable(folder: DiskFolder): Generator<DiskNode, void, undefined> {
  yield folder;
  for (const node of folder.names.values()) {
    if (node.kind === "folder") yield* reachable(node);
    else yield node;
  }
}
