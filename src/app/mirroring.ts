import type { Session } from "../inventory/database.ts";
import { hashesAt, type MirrorRow } from "../inventory/operations.ts";
import type { Hash } from "../model/file.ts";
import { folderOf, joinPath, nameOf, type PathText } from "../model/path.ts";
import { fitFolder, withHash8, withMark } from "../plan/names.ts";

export const mirrorFolder = "by-source";

/**
 * Where the links of some files below by-source/ belong: a file's own path, or NAME~HASH8.EXT where
 * another content has that name already, as it does when a file was edited between two runs. Where a file
 * stands in the place of a folder, the folder becomes NAME~folder.
 *
 * @returns A path for each row; null where the link exists already.
 */
export async function mirrorPaths(
  session: Session,
  archiveId: number,
  rows: readonly MirrorRow[],
): Promise<(PathText | null)[]> {
  const wished = rows.map((row) => fitFolder(freePath(row)));
  // Only a name that is not the file's own needs another look: the query has compared the others.
  const doubtful = rows.flatMap((row, n) => {
    const { hash, mirror } = row;
    const to = wished[n];
    if (to === undefined || hash === null || (mirror !== "other" && to === ownPath(row))) return [];
    return [{ n, hash, to, other: hashed(to, hash), isTaken: mirror === "other" }];
  });
  const asked = doubtful.flatMap(({ to, other }) => [to, other]);
  const places = asked.map((path) => ({ folder: folderOf(path), name: nameOf(path) }));
  const found = asked.length === 0 ? [] : await hashesAt(session, archiveId, places);
  const there = new Map(found.map(({ folder, name, hash }) => [joinPath(folder, name), hash]));
  const paths: (PathText | null)[] = rows.map(({ mirror }, n) => (mirror === "same" ? null : (wished[n] ?? null)));
  for (const { n, hash, to, other, isTaken } of doubtful) {
    const isThere = [to, other].some((path) => there.get(path) === hash);
    // What stands there unread is for the copying to judge.
    paths[n] = isThere ? null : isTaken || (there.get(to) ?? null) !== null ? other : to;
  }
  return paths;
}

function ownPath({ source, path }: MirrorRow): PathText {
  return joinPath(mirrorFolder, source, path);
}

function freePath(row: MirrorRow): PathText {
  const { source, path, blocked } = row;
  if (blocked === null) return ownPath(row);
  const folder = withMark(nameOf(blocked), "~folder");
  return joinPath(mirrorFolder, source, folderOf(blocked), folder, path.slice(blocked.length + 1));
}

/** The other name of a path that another content has. */
export function hashed(path: PathText, hash: Hash): PathText {
  return joinPath(folderOf(path), withHash8(nameOf(path), hash));
}
