import type { KnownSource, MountedAs } from "../inventory/sources.ts";
import { AppError, ExitCode } from "../model/errors.ts";
import type { SourceName } from "../model/file.ts";
import type { PathText } from "../model/path.ts";
import { findSamePlace } from "../sources/aliases.ts";
import type { Mount } from "../sources/mounts.ts";
import { findOverlap } from "../sources/roots.ts";
import type { SourceConfig } from "./config.ts";

/** Whether the file system below a root is the one of the last complete scan, as mountinfo names it. */
export type MountChange = "same" | "unmounted" | "replaced";

/** Device numbers change from boot to boot, names of local disks, too: "replaced" is to be held against the files. */
export function mountChange(before: MountedAs | null, now: Mount | null): MountChange {
  if (before === null) return "same";
  if (isUnmounted(before, now)) return "unmounted";
  return now !== null && (now.fsType !== before.type || now.source !== before.source) ? "replaced" : "same";
}

/** With `mount = "required"` something must be mounted at or above the root. */
export function refuseWithoutMount(
  { name, mount: rule }: Pick<SourceConfig, "name" | "mount">,
  root: PathText,
  now: Mount | null,
): void {
  if (rule === "required" && isRootFileSystem(now)) throw notMounted(name, root);
}

function isRootFileSystem(mount: Mount | null): boolean {
  return mount === null || mount.mountPoint === "/";
}

/** Once something was mounted at or above the root, an unmounted folder there must not count as an empty source. */
export function refuseUnmounted(known: KnownSource, root: PathText, now: Mount | null): void {
  if (mountChange(known.mount, now) === "unmounted") throw notMounted(known.name, root);
}

function isUnmounted(before: MountedAs, now: Mount | null): boolean {
  if (before.point === "/" || now?.mountPoint === before.point) return false;
  // A deeper mount than before is a share mounted at last, not one that is missing.
  return now === null || now.mountPoint.length <= before.point.length;
}

/** A root, and what is mounted there, if that is known. */
export interface RootMount {
  readonly what: string;
  readonly root: PathText;
  readonly mount?: Mount | null;
}

/** Refuses roots that contain each other: by their paths, or by two mounts of one file system. */
export function refuseOverlap(roots: readonly RootMount[]): void {
  const overlap = findOverlap(roots) ?? findSamePlace(roots.map((one) => ({ mount: null, ...one })));
  if (overlap === null) return;
  const [outer, inner] = overlap;
  const byPath = findOverlap(roots) !== null;
  const same = outer.root === inner.root ? "are the same folder" : "overlap: the second lies inside the first";
  const relation = byPath ? same : "are mounts of one file system, and one shows what lies in the other";
  throw new AppError(
    "ROOTS_OVERLAP",
    ExitCode.usage,
    `${outer.what} (${outer.root}) and ${inner.what} (${inner.root}) ${relation}`,
    { hint: "Name folders that lie beside each other; use exclude to leave out a part of one." },
  );
}

export function notMounted(name: SourceName, root: PathText): AppError {
  return new AppError("SOURCE_NOT_MOUNTED", ExitCode.refused, `source "${name}": nothing is mounted at ${root}`, {
    hint: `Mount the share, or set mount = "off" for this source if it is an ordinary folder.`,
  });
}

/** @param there How many of the sampled files are there. */
export function sourceReplaced(
  { name, root, mount: before }: KnownSource & { readonly mount: MountedAs },
  now: Mount,
  { there, sampled }: { readonly there: number; readonly sampled: number },
): AppError {
  const was = `${before.type} of ${before.source}`;
  const is = `${now.fsType} of ${now.source}`;
  return new AppError(
    "SOURCE_REPLACED",
    ExitCode.refused,
    `source "${name}": at ${root} was ${was}, now it is ${is}, and of ${sampled} files ${there} are there`,
    { hint: `Mount what was there. If its files are gone for good, accept that: --accept-shrink ${name}` },
  );
}

export function archiveReplaced(root: PathText, before: MountedAs, now: Mount): AppError {
  const was = `${before.type} of ${before.source}`;
  return new AppError(
    "ARCHIVE_REPLACED",
    ExitCode.refused,
    `the archive's mark is not in ${root}: ${was} was mounted there, now it is ${now.fsType} of ${now.source}`,
    { hint: "Mount the archive's disk. If a new archive is to begin here, give it a folder of another name." },
  );
}

/** @param known Files of the last complete scan. */
export function sourceShrank(shrunk: readonly { name: SourceName; known: number; lost: number }[]): AppError {
  const [first] = shrunk;
  const told = shrunk.map(({ name, known, lost }) => `source "${name}" has lost ${lost} of its ${known} files`);
  const accept = shrunk.map(({ name }) => `--accept-shrink ${name}`).join(" ");
  return new AppError("SOURCE_SHRANK", ExitCode.refused, told.join("; "), {
    hint:
      first === undefined ? "" : `Look whether the right share is mounted, whole. If they are gone for good: ${accept}`,
  });
}

/** A run would fill the disk below the mount point, and call it done. */
export function archiveNotMounted(root: PathText): AppError {
  return new AppError("ARCHIVE_NOT_MOUNTED", ExitCode.refused, `nothing is mounted at ${root}, where the archive was`, {
    hint: "Mount its disk. If the archive has moved for good, name its new folder.",
  });
}
