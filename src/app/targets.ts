import { readMarker } from "../archive/marker.ts";
import {
  allSources,
  archiveAt,
  type KnownSource,
  knowArchive,
  knowSource,
  lastArchive,
  type MountedAs,
  someFiles,
} from "../inventory/sources.ts";
import { AppError, ExitCode } from "../model/errors.ts";
import type { SourceName } from "../model/file.ts";
import type { PathText } from "../model/path.ts";
import { inodesTrusted, type Mount, mountOf, readMounts } from "../sources/mounts.ts";
import type { RootLooks } from "../sources/root-watch.ts";
import { resolveRoot } from "../sources/roots.ts";
import { ThreadSilent } from "../threads/pool.ts";
import type { SourceConfig } from "./config.ts";
import type { App } from "./context.ts";
import {
  archiveNotMounted,
  archiveReplaced,
  mountChange,
  notMounted,
  refuseOverlap,
  refuseWithoutMount,
  sourceReplaced,
} from "./guards.ts";
import { describeTrouble } from "./trouble.ts";
import { RootWatch, unwatched, type Watch } from "./watch.ts";

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
  /** It may lose more than half of its files. */
  readonly mayShrink: boolean;
  readonly watch: Watch;
}

/** What a run is told about its sources. */
export interface Acceptance {
  /** Names of sources that may have lost most of their files. */
  readonly shrink: readonly string[];
}

export interface Targets {
  /** In the order of the config: the first is trusted most. */
  readonly sources: readonly Target[];
  /** null if none is configured: a scan works without. */
  readonly archive: Target | null;
}

interface Found {
  readonly source: SourceConfig;
  readonly what: string;
  readonly root: PathText;
  readonly mount: Mount | null;
}

/**
 * Finds every source and the archive, before anything is written anywhere, and begins to watch them.
 *
 * @throws AppError ROOT_NOT_FOUND, ROOTS_OVERLAP, SOURCE_NOT_MOUNTED, … if one of them cannot be trusted;
 *   ROOT_SILENT, ROOT_UNREADABLE
 */
export async function findTargets(app: App, looks: RootLooks, { shrink }: Acceptance): Promise<Targets> {
  const { sources, archive } = app.config;
  refuseUnknown(shrink, sources);
  const find = (path: PathText, what: string) => answered(looks.find(path, what), path, what);
  const roots = await Promise.all(sources.map(({ name, path }) => find(path, `source "${name}"`)));
  const archiveRoot = archive.path === null ? null : await find(archive.path, "the archive");
  // After the roots were looked at: that may have mounted them.
  const mounts = readMounts();
  const found = sources.map((source, n): Found => {
    const root = roots[n] ?? source.path;
    return { source, what: `source "${source.name}"`, root, mount: mountOf(root, mounts) };
  });
  const archiveMount = archiveRoot === null ? null : mountOf(archiveRoot, mounts);
  const archiveFound = archiveRoot === null ? [] : [{ what: "the archive", root: archiveRoot, mount: archiveMount }];
  refuseOverlap([...found, ...archiveFound]);
  for (const { source, root, mount } of found) refuseWithoutMount(source, root, mount);
  const targets: Target[] = [];
  for (const one of found) {
    const known = await knowSource(app.db, one.source.name, one.root);
    const mayShrink = shrink.includes(one.source.name);
    if (one.source.mount !== "off" && !mayShrink) await refuseReplaced(app, one, known, looks);
    targets.push(await watched(looks, sourceTarget(one, known, mayShrink)));
  }
  if (archiveRoot === null) return { sources: targets, archive: null };
  return { sources: targets, archive: await watched(looks, await archiveTarget(app, archiveRoot, archiveMount)) };
}

/** Files of a source that are looked for where another file system is mounted than before. */
const sampleSize = 50;

/** A share may get another address: with half of the sampled files in their places it is the same. */
async function refuseReplaced(
  app: App,
  { source, what, root, mount }: Found,
  known: KnownSource,
  looks: RootLooks,
): Promise<void> {
  const change = mountChange(known.mount, mount);
  if (change === "unmounted" && source.mount === "auto") throw notMounted(known.name, root);
  if (known.mount === null || mount === null || change === "same") return;
  const files = await someFiles(app.db, known.id, sampleSize);
  const there = await answered(looks.countThere(root, files), root, what);
  if (there * 2 < files.length) {
    throw sourceReplaced({ ...known, mount: known.mount }, mount, { there, sampled: files.length });
  }
  const now = `${mount.fsType} of ${mount.source}`;
  app.progress.note(`${what} was ${known.mount.type} of ${known.mount.source}, now it is ${now}; its files are there.`);
}

/** @throws AppError NO_SUCH_SOURCE */
export function refuseUnknown(names: readonly string[], sources: readonly Pick<SourceConfig, "name">[]): void {
  const known = new Set<string>(sources.map(({ name }) => name));
  const unknown = names.filter((name) => !known.has(name));
  if (unknown.length === 0) return;
  throw new AppError("NO_SUCH_SOURCE", ExitCode.usage, `there is no source named ${unknown.join(", ")}`, {
    hint: `Sources are: ${[...known].join(", ")}`,
  });
}

async function watched(looks: RootLooks, target: Target): Promise<Target> {
  const { root, remote, inodes, kind, name } = target;
  const what = kind === "archive" ? "the archive" : `source "${name}"`;
  const watch = await answered(RootWatch.begin({ root, remote, inodesTrusted: inodes !== "none", looks }), root, what);
  if (typeof watch !== "string") return { ...target, watch };
  throw new AppError("ROOT_UNREADABLE", ExitCode.unavailable, `${what}: ${root}: ${describeTrouble(watch)}`, {
    hint: "Check the mount and try again.",
  });
}

/** @throws AppError ROOT_SILENT where a disk or server does not answer */
export async function answered<Answer>(asked: Promise<Answer>, path: PathText, what: string): Promise<Answer> {
  try {
    return await asked;
  } catch (error) {
    if (!(error instanceof ThreadSilent)) throw error;
    throw new AppError("ROOT_SILENT", ExitCode.unavailable, `${what}: ${path} does not answer for ${error.seconds} s`, {
      hint: "Its server or disk hangs: see whether the server is up, or unmount (umount -l) and mount it again.",
    });
  }
}

/** @throws AppError NO_ARCHIVE */
export function archiveOf({ archive }: Pick<Targets, "archive">): Target {
  if (archive !== null) return archive;
  throw new AppError("NO_ARCHIVE", ExitCode.usage, "no archive is named", {
    hint: "Name one with --archive DIR, or write a config file: onefold init",
  });
}

/** The archive alone, for what needs no source to be there. @throws AppError as {@link findTargets} does; NO_ARCHIVE */
export async function findArchive(app: App): Promise<Target> {
  const { path } = app.config.archive;
  return path === null ? archiveOf({ archive: null }) : archiveTargetAt(app, path);
}

/** An archive alone, wherever it lies. @throws as {@link findTargets} */
export function archiveTargetAt(app: App, path: PathText): Promise<Target> {
  const root = resolveRoot(path, "the archive");
  return archiveTarget(app, root, mountOf(root, readMounts()));
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
  const unlooked = { exclude: [], remote: false, inodes: "none", mayShrink: false, watch: unwatched } as const;
  return ({ id, name, root, mount }) => ({ kind, id, name, root, mount, ...unlooked });
}

function rootIfThere(path: PathText, what: string): PathText {
  try {
    return resolveRoot(path, what);
  } catch (error) {
    if (error instanceof AppError) return path;
    throw error;
  }
}

function sourceTarget({ source, root, mount }: Found, { id }: KnownSource, mayShrink: boolean): Target {
  return {
    kind: "source",
    id,
    name: source.name,
    root,
    exclude: source.exclude,
    mount: mountedAs(mount),
    remote: mount?.remote ?? false,
    inodes: mount !== null && inodesTrusted(mount) ? "linked" : "none",
    mayShrink,
    watch: unwatched,
  };
}

async function archiveTarget(app: App, root: PathText, mount: Mount | null): Promise<Target> {
  const marker = await readMarker(root);
  const before = await archiveAt(app.db, root);
  if (marker === null && before !== null) refuseUnmarked(before, root, mount);
  const { id, name } = await knowArchive(app.db, root, marker?.id ?? null);
  return {
    kind: "archive",
    id,
    name,
    root,
    exclude: [],
    mount: mountedAs(mount),
    remote: mount?.remote ?? false,
    inodes: mount !== null && inodesTrusted(mount) ? "all" : "none",
    mayShrink: true,
    watch: unwatched,
  };
}

/** Only an archive that has its mark is known to be the one that was there. */
function refuseUnmarked({ mount: before, marker }: KnownSource, root: PathText, now: Mount | null): void {
  const change = mountChange(before, now);
  if (change === "unmounted") throw archiveNotMounted(root);
  if (marker !== null && change === "replaced" && before !== null && now !== null)
    throw archiveReplaced(root, before, now);
}

function mountedAs(mount: Mount | null): MountedAs | null {
  return mount === null ? null : { point: mount.mountPoint, type: mount.fsType, source: mount.source };
}
