import type { Hash, Place } from "../model/file.ts";
import type { ArchivedFile } from "../model/operation.ts";
import { folderOf, joinPath, nameOf, type PathText } from "../model/path.ts";
import { type Database, type Session, sql } from "./database.ts";
import { pathColumn } from "./files.ts";
import { type RetimedFile, recordTime } from "./relinkable.ts";

/** What taking a run back has done to an archive. */
export interface Undone {
  readonly removed: readonly PathText[];
  /** Names that have a file of their own again. */
  readonly separated: readonly ArchivedFile[];
  readonly retimed: readonly RetimedFile[];
}

/** Tells the inventory, in one transaction. Call it after the barrier. */
export async function recordUndone(
  db: Database,
  { archiveId, inodesTrusted }: { readonly archiveId: number; readonly inodesTrusted: boolean },
  { removed, separated, retimed }: Undone,
): Promise<void> {
  await db.transaction(async (session) => {
    if (removed.length > 0) await recordRemoved(session, archiveId, removed);
    await session.query(sql`
      update file set mtime = now.mtime, ctime = now.ctime, inode = now.inode
      from unnest(
        ${separated.map(({ path }) => folderOf(path))}::text[], ${separated.map(({ path }) => nameOf(path))}::text[],
        ${separated.map(({ modified }) => modified)}::bigint[], ${separated.map(({ changed }) => changed)}::bigint[],
        ${separated.map(({ inode }) => (inodesTrusted ? BigInt.asIntN(64, inode) : null))}::bigint[]
      ) as now (folder, name, mtime, ctime, inode)
      join folder on folder.source_id = ${archiveId} and path_key(folder.path) = path_key(now.folder)
      where file.folder_id = folder.id and file.name = now.name
    `);
    for (const file of retimed) await recordTime(session, archiveId, file);
  });
}

async function recordRemoved(session: Session, archiveId: number, paths: readonly PathText[]): Promise<void> {
  await session.query(sql`
    with missing as (
      update file set gone_at = now()
      from unnest(${paths.map(folderOf)}::text[], ${paths.map(nameOf)}::text[]) as removed (folder, name)
      join folder on folder.source_id = ${archiveId} and path_key(folder.path) = path_key(removed.folder)
      where file.folder_id = folder.id and file.name = removed.name and file.gone_at is null
      returning file.id
    )
    delete from entry using missing where entry.file_id = missing.id
  `);
}

/** A file of a source that holds a content, as the inventory knows it. */
export interface KnownCopy {
  readonly hash: Hash;
  /** Absolute. */
  readonly path: PathText;
}

/** Where files of the sources hold these contents: at most `limit` for each. */
export async function copiesInSources(db: Session, hashes: readonly Hash[], limit: number): Promise<KnownCopy[]> {
  const rows = await db.query<{ hash: Hash; root: PathText; path: PathText }>(sql`
    select encode(asked.hash, 'hex') as hash, found.root, found.path
    from (select distinct decode(given, 'hex') as hash from unnest(${hashes}::text[]) as given) as asked
    cross join lateral (
      select source.root, ${pathColumn} as path
      from file join folder on folder.id = file.folder_id join source on source.id = folder.source_id
      where file.hash = asked.hash and file.gone_at is null and source.kind = 'source'
      order by file.id limit ${limit}
    ) as found
  `);
  return rows.map(({ hash, root, path }) => ({ hash, path: joinPath(root, path) }));
}

/** Roots of the sources by their names, as they were last known. */
export async function knownRoots(db: Session): Promise<Map<Place["source"], PathText>> {
  const rows = await db.query<{ name: Place["source"]; root: PathText }>(sql`
    select name, root from source where kind = 'source'
  `);
  return new Map(rows.map(({ name, root }) => [name, root]));
}
