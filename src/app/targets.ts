import { readMarker } from "../archive/marker.ts";
import {
  allSources,
  archiveAt,
  type KnownSource,
  knowArchive,
  knowSource,
  lastArchive,
  type MountedAs,
} from "../inventory/sources.ts";
import { AppError, ExitCode } from "../model/errors.ts";
import type { SourceName } from "../model/file.ts";
import type { PathText } from "../model/path.ts";
import { inodesTrusted, type Mount, mountOf, readMounts } from "../sources/mounts.ts";
import { findOverlap, resolveRoot } from "../sources/roots.ts";
import type { SourceConfig } from "./config.ts";
import type { App } from "./context.ts";

/** A source or the archive, found on the disk and known to the inventory. */
export interface Target {
  readonly kind: "source" | "archive";
  readonly id: number;
  readonly name: SourceName;
  /** Absolute, without symbolic links. */
  readonly root: PathText;
  readonly exclude: readonly string[];
  readonly mount: MountedAs | null;
  /** Over a network: many small reads at once pay, inode numbers mean nothing. */
  readonly remote: boolean;
  readonly inodes: "linked" | "all" | "none";
}

export interface Targets {
  /** In the order of the config: the first is trusted most. */
  readonly sources: readonly Target[];
  /** null if none is configured: a scan works without. */
  readonly archive: Target | null;
}

/**
 * Finds every source and the archive, before anything is written anywhere.
 *
 * @throws AppError ROOT_NOT_FOUND, ROOTS_OVERLAP, SOURCE_NOT_MOUNTED, … if one of them cannot be trusted
 */
export async function findTargets(app: App): Promise<Targets> {
  const { sources, archive } = app.config;
  const mounts = readMounts();
  const roots = sources.map((source) => {
    const what = `source "${source.name}"`;
    const root = resolveRoot(source.path, what);
    return { source, what, root, mount: mountOf(root, mounts) };
  });
  const archiveRoot = archive.path === null ? null : resolveRoot(archive.path, "the archive");
  refuseOverlap([...roots, ...(archiveRoot === null ? [] : [{ what: "the archive", root: archiveRoot }])]);
  for (const { source, root, mount } of roots) refuseWithoutMount(source, root, mount);
  const found: Target[] = [];
  for (const { source, root, mount } of roots) {
    const known = await knowSource(app.db, source.name, root);
    if (source.mount === "auto") refuseUnmounted(known, root, mount);
    found.push(sourceTarget(source, known, root, mount));
  }
  return { sources: found, archive: archiveRoot === null ? null : await archiveTarget(app, archiveRoot, mounts) };
}

/** An archive alone, wherever it lies: what concerns no source must not wait for one. @throws as {@link findTargets} */
export function archiveTargetAt(app: App, path: PathText): Promise<Target> {
  return archiveTarget(app, resolveRoot(path, "the archive"), readMounts());
}

/**
 * The sources and the archive as the inventory knows them, for looking things up: nothing needs to be
 * mounted. Where none is configured, all that were ever scanned count, and the archive used last.
 */
export async function recallTargets(app: App): Promise<Targets> {
  const { sources, archive } = app.config;
  const known = new Map((await allSources(app.db)).map((source) => [source.name, source]));
  const configured = sources.flatMap((source) => known.get(source.name) ?? []);
  const chosen = sources.length > 0 ? configured : [...known.values()];
  const root = archive.path === null ? null : rootIfThere(archive.path, "the archive");
  const recalled = root === null ? await lastArchive(app.db) : await archiveAt(app.db, root);
  return { sources: chosen.map(recalledTarget("source")), archive: recalled && recalledTarget("archive")(recalled) };
}

function recalledTarget(kind: Target["kind"]): (known: KnownSource) => Target {
  return ({ id, name, root, mount }) => ({ kind, id, name, root, mount, exclude: [], remote: false, inodes: "none" });
}

function rootIfThere(path: PathText, what: string): PathText {
  try {
    return resolveRoot(path, what);
  } catch (error) {
    if (error instanceof AppError) return path;
    throw error;
  }
}

function sourceTarget(source: SourceConfig, { id }: KnownSource, root: PathText, mount: Mount | null): Target {
  return {
    kind: "source",
    id,
    name: source.name,
    root,
    exclude: source.exclude,
    mount: mountedAs(mount),
    remote: mount?.remote ?? false,
    inodes: mount !== null && inodesTrusted(mount) ? "linked" : "none",
  };
}

async function archiveTarget(app: App, root: PathText, mounts: readonly Mount[]): Promise<Target> {
  const mount = mountOf(root, mounts);
  const marker = await readMarker(root);
  const known = await knowArchive(app.db, root, marker?.id ?? null);
  if (marker === null && isUnmounted(known, mount)) throw archiveNotMounted(root);
  const { id, name } = known;
  return {
    kind: "archive",
    id,
    name,
    root,
    exclude: [],
    mount: mountedAs(mount),
    remote: mount?.remote ?? false,
    inodes: mount !== null && inodesTrusted(mount) ? "all" : "none",
  };
}

function mountedAs(mount: Mount | null): MountedAs | null {
  return mount === null ? null : { point: mount.mountPoint, type: mount.fsType, source: mount.source };
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
  if (isUnmounted(known, now)) throw notMounted(known.name, root);
}

function isUnmounted({ mount: before }: KnownSource, now: Mount | null): boolean {
  if (before === null || before.point === "/" || now?.mountPoint === before.point) return false;
  // A deeper mount than before is a share mounted at last, not one that is missing.
  return now === null || now.mountPoint.length <= before.point.length;
}

export function refuseOverlap(roots: readonly { readonly what: string; readonly root: PathText }[]): void {
  const overlap = findOverlap(roots);
  if (overlap === null) return;
  const [outer, inner] = overlap;
  const relation = outer.root === inner.root ? "are the same folder" : "overlap: the second lies inside the first";
  throw new AppError(
    "ROOTS_OVERLAP",
    ExitCode.usage,
    `${outer.what} (${outer.root}) and ${inner.what} (${inner.root}) ${relation}`,
    { hint: "Name folders that lie beside each other; use exclude to leave out a part of one." },
  );
}

function notMounted(name: SourceName, root: PathText): AppError {
  return new AppError("SOURCE_NOT_MOUNTED", ExitCode.refused, `source "${name}": nothing is mounted at ${root}`, {
    hint: `Mount the share, or set mount = "off" for this source if it is an ordinary folder.`,
  });
}

/** A run would fill the disk below the mount point, and call it done. */
function archiveNotMounted(root: PathText): AppError {
  return new AppError("ARCHIVE_NOT_MOUNTED", ExitCode.refused, `nothing is mounted at ${root}, where the archive was`, {
    hint: "Mount its disk. If the archive has moved for good, name its new folder.",
  });
}
