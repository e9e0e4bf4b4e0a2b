import { readFileSync } from "node:fs";
import { type PathText, pathText } from "../model/path.ts";

/** One line of /proc/self/mountinfo. */
export interface Mount {
  readonly id: number;
  readonly parentId: number;
  /** "major:minor". Changes from boot to boot: never part of an identity. */
  readonly device: string;
  /** What of the file system stands here; "/" unless a part of it was bound. */
  readonly root: PathText;
  readonly mountPoint: PathText;
  /** "ext4", "cifs", "fuse.sshfs", … */
  readonly fsType: string;
  /** "/dev/sda1", "//nas/share", "tank/photos", … */
  readonly source: PathText;
  readonly readOnly: boolean;
  /** Of the mount, then of the file system, as the kernel shows them; they may name users and servers. */
  readonly options: readonly string[];
  /** Served by another machine, or by a program that may ask one. */
  readonly remote: boolean;
}

/** Every mount this process sees, in the order of mounting. Blocks for less than a millisecond. */
export function readMounts(file = "/proc/self/mountinfo"): Mount[] {
  return parseMounts(readFileSync(file));
}

/** Reads the text of mountinfo; a line it cannot understand is left out. */
export function parseMounts(mountinfo: Uint8Array): Mount[] {
  // One character a byte, since a mount point need not be UTF-8.
  return Buffer.from(mountinfo)
    .toString("latin1")
    .split("\n")
    .flatMap((line) => parseLine(line) ?? []);
}

/**
 * The mount a path lies in, found as the kernel finds it: down from the root,
 * since a mount may hide others that were made below it before.
 *
 * @param path Absolute and real, without links.
 */
export function mountOf(path: PathText, mounts: readonly Mount[]): Mount | null {
  const ids = new Set(mounts.map(({ id }) => id));
  const above = mounts.filter(({ mountPoint }) => contains(mountPoint, path));
  let current = above.find(
    ({ id, parentId, mountPoint }) => mountPoint === "/" && (parentId === id || !ids.has(parentId)),
  );
  // Without a root in sight the longest mount point is the best guess, of equal ones the last made.
  if (current === undefined) return longest(above);
  for (;;) {
    const here: Mount = current;
    const below = above.filter(({ id, parentId }) => parentId === here.id && id !== here.id);
    if (below.length === 0) return here;
    current = below.reduce((a, b) => (b.mountPoint.length <= a.mountPoint.length ? b : a));
  }
}

/**
 * What is mounted inside a folder by hand. Left out is what comes and goes by itself as one looks around: datasets that a
 * server exports one below the other, what autofs mounts, and snapshots of ZFS.
 *
 * @param root Absolute and real, without links.
 */
export function mountsBelow(root: PathText, mounts: readonly Mount[]): Mount[] {
  const types = new Map(mounts.map(({ id, fsType }) => [id, fsType]));
  return mounts.filter(({ mountPoint, parentId, fsType, remote, source }) => {
    if (mountPoint === root || !contains(root, mountPoint)) return false;
    const above = types.get(parentId);
    const isServers = remote && above === fsType;
    return !isServers && above !== "autofs" && !(fsType === "zfs" && source.includes("@"));
  });
}

/**
 * Whether two files of one scan with the same device and inode number are one
 * file. So it is on local disks; servers and user programs make numbers up.
 */
export function inodesTrusted({ fsType, remote }: Mount): boolean {
  return !remote && realInodes.has(fsType);
}

/** overlay is here since it gives one pair of numbers to one file as long as nobody writes to it. */
const realInodes: ReadonlySet<string> = new Set(
  "ext2 ext3 ext4 xfs btrfs zfs tmpfs f2fs bcachefs jfs reiserfs nilfs2 overlay".split(" "),
);

const remoteTypes: ReadonlySet<string> = new Set(
  "cifs smb2 smb3 smbfs nfs nfs4 ncpfs afs coda 9p virtiofs ceph glusterfs lustre beegfs gpfs vboxsf vmhgfs prl_fs drvfs davfs".split(
    " ",
  ),
);

function isRemote(fsType: string): boolean {
  // fuseblk is a local disk (NTFS, exFAT) behind a local program: not to be trusted with inodes, but not remote.
  return remoteTypes.has(fsType) || fsType === "fuse" || fsType.startsWith("fuse.");
}

function parseLine(line: string): Mount | null {
  // id parent device root mountpoint options [optional fields…] - type source superoptions
  const [before = "", after = ""] = splitOnce(line, " - ");
  const [id = "", parentId = "", device = "", root = "", mountPoint = "", options = ""] = before.split(" ");
  const [fsType = "", source = "", superOptions = ""] = after.split(" ");
  const allOptions = [options, superOptions].flatMap((list) => list.split(",")).filter((option) => option !== "");
  if (!/^\d+$/.test(id) || !/^\d+$/.test(parentId) || !mountPoint.startsWith("/") || fsType === "") return null;
  return {
    id: Number(id),
    parentId: Number(parentId),
    device,
    root: unescaped(root),
    mountPoint: unescaped(mountPoint),
    fsType: unescaped(fsType),
    source: unescaped(source),
    readOnly: allOptions.includes("ro"),
    options: allOptions,
    remote: isRemote(fsType),
  };
}

function splitOnce(text: string, separator: string): readonly string[] {
  const at = text.indexOf(separator);
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + separator.length)];
}

/** The kernel writes space, tab, line end, backslash and "#" as three octal digits. */
function unescaped(field: string): PathText {
  const bytes = field.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
  return pathText(Buffer.from(bytes, "latin1"));
}

function contains(mountPoint: PathText, path: PathText): boolean {
  return mountPoint === "/" || path === mountPoint || path.startsWith(`${mountPoint}/`);
}

function longest(mounts: readonly Mount[]): Mount | null {
  return mounts.reduce<Mount | null>(
    (a, b) => (a === null || b.mountPoint.length >= a.mountPoint.length ? b : a),
    null,
  );
}
