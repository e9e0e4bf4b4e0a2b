import type { Session } from "../inventory/database.ts";
import { hashesAt, type MirrorRow } from "../inventory/operations.ts";
import type { Hash } from "../model/file.ts";
import { folderOf, joinPath, nameOf, type PathText } from "../model/path.ts";
import { fitFolder, withHash8 } from "../plan/names.ts";

export const mirrorFolder = "by-source";

/**
 * Where the links of some files below by-source/ belong: a file's own path, or NAME~HASH8.EXT where
 * another content has that name already, as it does when a file was edited between two runs.
 *
 * @returns A path for each row; null where the link exists already.
 */
export async function mirrorPaths(
  session: Session,
  archiveId: number,
  rows: readonly MirrorRow[],
): Promise<(PathText | null)[]> {
  const wished = rows.map((row) => fitFolder(plainPath(row)));
  // Only a name that is not the file's own needs another look: the query has compared the others.
  const doubtful = rows.flatMap((row, n) => {
    const { hash, mirror } = row;
    const to = wished[n];
    if (to === undefined || hash === null || (mirror !== "other" && to === plainPath(row))) return [];
    return [{ n, hash, to, other: mirror === "other" ? hashed(to, hash) : to }];
  });
  const asked = doubtful.map(({ other }) => ({ folder: folderOf(other), name: nameOf(other) }));
  const found = asked.length === 0 ? [] : await hashesAt(session, archiveId, asked);
  const there = new Map(found.map(({ folder, name, hash }) => [joinPath(folder, name), hash]));
  const paths: (PathText | null)[] = rows.map(({ mirror }, n) => (mirror === "same" ? null : (wished[n] ?? null)));
  for (const { n, hash, other } of doubtful) paths[n] = there.get(other) === hash ? null : other;
  return paths;
}

function plainPath({ source, path }: MirrorRow): PathText {
  return joinPath(mirrorFolder, source, path);
}

/** The other name of a path that another content has. */
export function hashed(path: PathText, hash: Hash): PathText {
  return joinPath(folderOf(path), withHash8(nameOf(path), hash));
}
