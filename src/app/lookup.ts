import { type DuplicateGroup, duplicateGroups } from "../inventory/duplicates.ts";
import { fileAt, placesOfContent, type WhereFound } from "../inventory/where.ts";
import { AppError, ExitCode } from "../model/errors.ts";
import { folderOf, joinPath, nameOf, type PathText, parsePathText, pathTextOf } from "../model/path.ts";
import { chooseOriginal } from "../plan/original.ts";
import { absolutePath } from "../sources/roots.ts";
import type { App } from "./context.ts";
import { recallTargets, type Targets } from "./targets.ts";

export type { WhereFound } from "../inventory/where.ts";

/** A group of equal files, and which of them is the original. */
export interface Duplicates extends DuplicateGroup {
  readonly original: { readonly source: string; readonly path: PathText; readonly because: string };
}

/** Groups of equal files, largest waste first. @param filter.source Name of a source that must be part of a group. */
export async function* duplicates(
  app: App,
  filter: { readonly source: string | null; readonly minSize: number; readonly limit: number | null },
): AsyncGenerator<Duplicates> {
  const { sources, archive } = await recallTargets(app);
  const only = filter.source === null ? null : sources.find(({ name }) => name === filter.source);
  if (only === undefined) throw noSuchSource(filter.source ?? "");
  const scope = { sourceIds: sources.map(({ id }) => id), archiveId: archive?.id ?? null };
  const groups = duplicateGroups(app.db, scope, { ...filter, only: only?.id ?? null });
  const ranks = new Map(sources.map(({ id }, rank) => [id, rank]));
  for await (const batch of groups) {
    for (const group of batch) yield { ...group, original: originalOf(app, group, ranks) };
  }
}

function originalOf(app: App, { files }: DuplicateGroup, ranks: ReadonlyMap<number, number>): Duplicates["original"] {
  const copies = files.map(({ sourceId, source, path, mtime }) => {
    return { source, path, modified: BigInt(mtime) as never, sourceRank: ranks.get(sourceId) ?? 0 };
  });
  const [first, ...others] = copies;
  if (first === undefined) throw new Error("a group without files");
  const { original, because } = chooseOriginal([first, ...others], app.config.keep.rules);
  return { source: original.source, path: original.path, because };
}

/**
 * Every place of a content.
 *
 * @param what A hash; a path on the disk; or a path below the archive's root.
 * @throws AppError NOT_IN_INVENTORY
 */
export async function where(app: App, what: string): Promise<WhereFound> {
  const targets = await recallTargets(app);
  const archiveId = targets.archive?.id ?? null;
  const hash = /^[0-9a-f]{64}$/i.test(what) ? what.toLowerCase() : await hashAt(app, targets, what);
  const found = await placesOfContent(app.db, archiveId, hash);
  if (found === null) throw notInInventory(what, "no file with this content is known");
  return found;
}

async function hashAt(app: App, { sources, archive }: Targets, what: string): Promise<string> {
  const text = parsePathText(what) ?? pathTextOf(what);
  const absolute = absolutePath(text);
  for (const { root } of archive === null ? sources : [...sources, archive]) {
    const path = absolute.startsWith(`${root}/`) ? (absolute.slice(root.length + 1) as PathText) : null;
    if (path === null) continue;
    const file = await fileAt(app.db, root, folderOf(path), nameOf(path));
    if (file?.hash != null) return file.hash;
    if (file !== null) throw unread(what);
  }
  const below = archive === null ? null : await fileAt(app.db, archive.root, folderOf(text), nameOf(text));
  if (below?.hash != null) return below.hash;
  throw notInInventory(joinPath(what), "it lies in no source, or appeared after the last scan");
}

function unread(path: string): AppError {
  return new AppError(
    "NOT_IN_INVENTORY",
    ExitCode.incomplete,
    `${path}: its content was not read yet, since no other file has its size`,
    {
      hint: "It is a single copy. Once it is in the archive its hash is known: onefold run",
    },
  );
}

function notInInventory(what: string, why: string): AppError {
  return new AppError("NOT_IN_INVENTORY", ExitCode.incomplete, `${what}: ${why}`, {
    hint: "Bring the inventory up to date: onefold scan",
  });
}

function noSuchSource(name: string): AppError {
  return new AppError("NO_SUCH_SOURCE", ExitCode.usage, `there is no source named ${name}`, {
    hint: "onefold status lists the sources.",
  });
}
