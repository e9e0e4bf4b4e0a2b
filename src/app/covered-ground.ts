import { statSync } from "node:fs";
import { allSources, type KnownSource } from "../inventory/sources.ts";
import { AppError, ExitCode, systemCode } from "../model/errors.ts";
import type { SourceName } from "../model/file.ts";
import { folderOf, nameOf, type PathText, parsePathText, pathTextOf, systemPath } from "../model/path.ts";
import { findSamePlace } from "../sources/aliases.ts";
import { mountOf, mountsBelow, readMounts } from "../sources/mounts.ts";
import { absolutePath, resolveRoot } from "../sources/roots.ts";
import type { App } from "./context.ts";
import { refuseUnmounted, refuseWithoutMount } from "./guards.ts";

/** What a person asks about, as it lies on the disk. */
export interface Ground {
  /** The source it lies in; null: none. Its id is null if no scan has been there. */
  readonly source: { readonly id: number | null; readonly name: SourceName } | null;
  /** Absolute: of the source, or the folder itself. */
  readonly root: PathText;
  /** Below the root. */
  readonly start: { readonly folder: PathText; readonly only: PathText | null };
  readonly exclude: readonly string[];
  /** See `Target`. */
  readonly remote: boolean;
}

/** A source, wherever the config or an earlier run has named it. */
interface Candidate {
  readonly name: SourceName;
  /** null: it was never scanned. */
  readonly known: KnownSource | null;
  readonly root: PathText;
  readonly exclude: readonly string[];
}

/**
 * Finds what is asked about: the name of a source, or else a path anywhere.
 *
 * @throws AppError ROOT_NOT_FOUND, ROOT_UNREADABLE, SOURCE_NOT_MOUNTED, IS_THE_ARCHIVE
 */
export async function findGround(app: App, what: string, archiveRoot: PathText): Promise<Ground> {
  const sources = await candidates(app);
  const named = sources.find(({ name }) => name === what);
  if (named !== undefined) {
    const root = resolveRoot(named.root, `source "${named.name}"`);
    refuseArchive(root, archiveRoot);
    return groundIn({ ...named, root }, app, { folder: "" as PathText, only: null });
  }
  const { path, isFolder } = locate(what);
  refuseArchive(path, archiveRoot);
  const around = sources
    .flatMap((source) => rootOf(source))
    .filter(({ root }) => isWithin(root, path))
    .sort((a, b) => b.root.length - a.root.length)[0];
  if (around !== undefined) {
    const below = path.slice(around.root.length + 1) as PathText;
    const start = isFolder ? { folder: below, only: null } : { folder: folderOf(below), only: nameOf(below) };
    return groundIn(around, app, start);
  }
  const root = isFolder ? path : folderOf(path);
  const start = { folder: "" as PathText, only: isFolder ? null : nameOf(path) };
  return { source: null, root, start, exclude: [], remote: mountOf(root, readMounts())?.remote ?? false };
}

/** Sources of the config, and whatever else was scanned before. */
async function candidates(app: App): Promise<Candidate[]> {
  const known = await allSources(app.db);
  const byName = new Map(known.map((source) => [source.name, source]));
  const configured = app.config.sources.map(({ name, path, exclude }) => {
    return { name, known: byName.get(name) ?? null, root: path, exclude };
  });
  const names = new Set(configured.map(({ name }) => name));
  const others = known.filter(({ name }) => !names.has(name));
  return [
    ...configured,
    ...others.map((source) => ({ name: source.name, known: source, root: source.root, exclude: [] })),
  ];
}

/** With its real root; nothing for a source that is not there. */
function rootOf(source: Candidate): Candidate[] {
  try {
    return [{ ...source, root: resolveRoot(source.root, `source "${source.name}"`) }];
  } catch (error) {
    if (error instanceof AppError) return [];
    throw error;
  }
}

/** A share that is not mounted must not count as one that is empty. */
function groundIn({ name, known, root, exclude }: Candidate, app: App, start: Ground["start"]): Ground {
  const mount = mountOf(root, readMounts());
  const rule = app.config.sources.find((source) => source.name === name)?.mount ?? "auto";
  refuseWithoutMount({ name, mount: rule }, root, mount);
  if (rule === "auto" && known !== null) refuseUnmounted(known, root, mount);
  return {
    source: { id: known?.id ?? null, name },
    root,
    start,
    exclude,
    remote: mount?.remote ?? false,
  };
}

function locate(what: string): { readonly path: PathText; readonly isFolder: boolean } {
  const given = parsePathText(what) ?? pathTextOf(what);
  try {
    const isFolder = statSync(systemPath(given)).isDirectory();
    return { path: isFolder ? resolveRoot(given, "the folder") : absolutePath(given), isFolder };
  } catch (error) {
    const code = systemCode(error);
    if (code === null) throw error;
    throw new AppError(
      "ROOT_NOT_FOUND",
      ExitCode.refused,
      `${given} is no source, and no path that can be looked at (${code})`,
      {
        hint: "Name a source, or a folder or file that is there; onefold status lists the sources.",
      },
    );
  }
}

function isWithin(outer: PathText, path: PathText): boolean {
  return path === outer || path.startsWith(outer.endsWith("/") ? outer : `${outer}/`);
}

/**
 * Refuses what the archive holds itself: below its root, or where that is mounted once more, there or below. Two mounts
 * of one share have different inode numbers, so that its entries would pass for copies of themselves.
 *
 * @throws AppError IS_THE_ARCHIVE
 */
function refuseArchive(path: PathText, archiveRoot: PathText): void {
  if (isWithin(archiveRoot, path)) throw isTheArchive(path);
  const mounts = readMounts();
  const mounted = (root: PathText) => ({ root, mount: mountOf(root, mounts) });
  for (const place of [path, ...mountsBelow(path, mounts).map(({ mountPoint }) => mountPoint)]) {
    // The archive as it is known, somewhere below: its files are told by their inodes.
    if (isWithin(place, archiveRoot) || isWithin(archiveRoot, place)) continue;
    if (findSamePlace([mounted(place), mounted(archiveRoot)]) !== null) throw isTheArchive(place);
  }
}

function isTheArchive(path: PathText): AppError {
  return new AppError("IS_THE_ARCHIVE", ExitCode.refused, `${path} lies in the archive itself`, {
    hint: "covered answers for what is to be wiped elsewhere; the archive is checked by onefold verify.",
  });
}
