import type { BigIntStats } from "node:fs";
import type { PathText } from "../model/path.ts";
import type { EpochNs } from "../model/time.ts";
import type { JournalStanding } from "./journal-records.ts";

/** A file of the archive as it stands, with what a hard link in its place would not keep. */
export interface Standing {
  readonly path: PathText;
  readonly device: bigint;
  readonly inode: bigint;
  /** Bytes. */
  readonly size: number;
  readonly modified: EpochNs;
  /** Permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** How a file stands, from what the system says of it. */
export function standingOf(path: PathText, { dev, ino, size, mtimeNs, mode, uid, gid }: BigIntStats): Standing {
  return {
    path,
    device: dev,
    inode: ino,
    size: Number(size),
    modified: mtimeNs as EpochNs,
    mode: Number(mode & 0o7777n),
    uid: Number(uid),
    gid: Number(gid),
  };
}

/** As journals have it. */
export function journalStanding({
  inode,
  modified,
  mode,
  uid,
  gid,
}: Omit<Standing, "path" | "device" | "size">): JournalStanding {
  return { inode: String(inode), mtimeNs: String(modified), mode: mode.toString(8).padStart(4, "0"), uid, gid };
}

/** As a journal had it: path and size stand beside it there, and device numbers change from boot to boot. */
export function recordedStanding(
  path: PathText,
  size: number,
  { inode, mtimeNs, mode, uid, gid }: JournalStanding,
): Omit<Standing, "device"> {
  const modified = BigInt(mtimeNs) as EpochNs;
  return { path, inode: BigInt(inode), size, modified, mode: Number.parseInt(mode, 8), uid, gid };
}
