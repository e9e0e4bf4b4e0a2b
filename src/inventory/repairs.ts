import type { Hash, SourceName } from "../model/file.ts";
import type { ArchivedFile } from "../model/operation.ts";
import { folderOf, nameOf, type PathText } from "../model/path.ts";
import { type DedicatedSession, type Session, sql } from "./database.ts";
import { pathColumn } from "./files.ts";

/** A file of a source that held a content at the last scan. */
export interface SourceCopy {
  readonly source: SourceName;
  /** Absolute. */
  readonly root: PathText;
  readonly path: PathText;
}

/** Every name in the archive whose content is recorded to be this one. */
export async function namesOfContent(db: Session, archiveId: number, hash: Hash): Promise<PathText[]> {
  const rows = await db.query<{ path: PathText }>(sql`
    select ${pathColumn} as path
    from file join folder on folder.id = file.folder_id
    where folder.source_id = ${archiveId} and file.hash = decode(${hash}, 'hex') and gone_at is null
    order by folder.path, file.name
  `);
  return rows.map(({ path }) => path);
}

/** Every file of every known source that held this content, the sources known first first. */
export function copiesOfContent(db: Session, hash: Hash): Promise<SourceCopy[]> {
  return db.query<SourceCopy>(sql`
    select source.name as source, source.root, ${pathColumn} as path
    from file join folder on folder.id = file.folder_id join source on source.id = folder.source_id
    where kind = 'source' and file.hash = decode(${hash}, 'hex') and gone_at is null and not claimed
    order by source.id, folder.path, file.name
  `);
}

/**
 * Tells the inventory how names of the archive stand after a repair, in one transaction. An entry that was repaired is
 * one that nobody has read since, and that this run has brought; without names it was good by itself.
 *
 * @param fileId The file that was found to be damaged or missing, if that is repaired now.
 */
export async function recordRepaired(
  session: DedicatedSession,
  { archiveId, inodesTrusted }: { readonly archiveId: number; readonly inodesTrusted: boolean },
  repaired: { readonly names: readonly ArchivedFile[]; readonly fileId: number | null; readonly runId: string },
): Promise<void> {
  const { names, fileId, runId } = repaired;
  await session.transaction(async (db) => {
    await db.query(sql`
      update file set size = now.size, mtime = now.mtime, ctime = now.ctime, inode = now.inode,
        device = case when now.inode is not null then 0 end
      from unnest(
        ${names.map(({ path }) => folderOf(path))}::text[], ${names.map(({ path }) => nameOf(path))}::text[],
        ${names.map(({ size }) => size)}::bigint[], ${names.map(({ modified }) => modified)}::bigint[],
        ${names.map(({ changed }) => changed)}::bigint[],
        ${names.map(({ inode }) => (inodesTrusted ? BigInt.asIntN(64, inode) : null))}::bigint[]
      ) as now (folder, name, size, mtime, ctime, inode)
      join folder on folder.source_id = ${archiveId} and path_key(folder.path) = path_key(now.folder)
      where file.folder_id = folder.id and file.name = now.name
    `);
    await db.query(
      names.length === 0
        ? sql`update entry set damaged_hash = null where file_id = ${fileId}::bigint`
        : sql`
          update entry set damaged_hash = null, verified_at = null, verified_run = null, run_id = ${runId}
          where file_id = ${fileId}::bigint`,
    );
  });
}

/** Names of the contents of these files, for {@link recordInodes}. */
export function namesOfFiles(
  db: Session,
  archiveId: number,
  fileIds: readonly number[],
): Promise<{ id: number; path: PathText }[]> {
  return db.query(sql`
    select file.id::float8 as id, ${pathColumn} as path
    from file join folder on folder.id = file.folder_id
    where folder.source_id = ${archiveId} and gone_at is null
      and hash in (select hash from file where id = any(${fileIds}::bigint[]))
  `);
}

/**
 * Takes over inode numbers of files that are otherwise as recorded: a repair that was killed before it could be recorded
 * has given them others, and the next scan must not take them for changed.
 *
 * @param rows COPY lines of how they stand: id, size, mtime, device, inode, code.
 */
export async function recordInodes(session: DedicatedSession, rows: Iterable<Uint8Array>): Promise<void> {
  await session.transaction(async (db) => {
    await db.query(sql`
      create temp table if not exists stands (id bigint, size bigint, mtime bigint, device bigint, inode bigint, code text)
    `);
    await db.query(sql`truncate stands`);
    await db.copyIn("stands (id, size, mtime, device, inode, code)", rows);
    await db.query(sql`
      update file set inode = stands.inode, device = 0
      from stands where file.id = stands.id and (file.size, file.mtime) = (stands.size, stands.mtime)
        and file.inode is not null
    `);
  });
}
