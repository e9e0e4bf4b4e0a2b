import type { Hash } from "../model/file.ts";
import type { ArchivedFile, CopyOperation } from "../model/operation.ts";
import { folderOf, nameOf } from "../model/path.ts";
import { jsonText } from "./copy-text.ts";
import { type DedicatedSession, type Query, type Session, sql } from "./database.ts";

/** A path of the archive that holds a content now, as a run left it. */
export interface Placed {
  readonly archived: ArchivedFile;
  readonly hash: Hash;
  readonly head: string | null;
  /** Whether this path is the content's entry; what is known of its capture; and the run that copied it, if one did. */
  readonly entry: { readonly captured: CopyOperation["captured"] | null; readonly run: string | null } | null;
}

/** A file of a source as it was while it was copied. */
export interface ReadSource {
  readonly id: number;
  readonly hash: Hash;
  readonly head: string | null;
  /** Changed within seconds of the reading: to be hashed again by the next scan. */
  readonly racy: boolean;
}

/**
 * Tells the inventory what a run has placed, in one transaction. Call it after the barrier
 * that makes the files durable, never before. Recording the same twice changes nothing.
 */
export async function recordPlaced(
  session: DedicatedSession,
  { archiveId, inodesTrusted }: { readonly archiveId: number; readonly inodesTrusted: boolean },
  placed: readonly Placed[],
  read: readonly ReadSource[],
): Promise<void> {
  const folders = [...new Set(placed.map(({ archived }) => folderOf(archived.path)))];
  await session.transaction(async (db) => {
    if (read.length > 0) await recordRead(db, read);
    await db.query(sql`
      insert into folder (source_id, path) select ${archiveId}::int, unnest(${folders}::text[]) on conflict do nothing
    `);
    // Folders one by one, by index: else all folders of the archive are read for each batch.
    await db.query(sql`
      with placed_now as materialized (
        select folder.id as folder_id, given.*
        from ${rowsOf(placed, inodesTrusted)}
        cross join lateral (
          select id from folder where source_id = ${archiveId} and path_key(path) = path_key(given.folder) offset 0
        ) as folder
      ), stored as (
        insert into file (folder_id, name, size, mtime, ctime, device, inode, junk, head, hash)
        select distinct on (folder_id, name) folder_id, name, size, mtime, ctime,
          case when inode is not null then 0 end, inode, false, decode(head, 'hex'), decode(hash, 'hex')
        from placed_now
        on conflict (folder_id, name) do update set size = excluded.size, mtime = excluded.mtime,
          ctime = excluded.ctime, device = excluded.device, inode = excluded.inode, head = excluded.head,
          hash = excluded.hash, racy = false, gone_at = null
        returning id, folder_id, name
      )
      insert into entry (archive_id, hash, file_id, captured, run_id)
      select distinct on (hash) ${archiveId}::int, decode(hash, 'hex'), stored.id, captured, run_id
      from placed_now join stored using (folder_id, name)
      where is_entry
      on conflict do nothing
    `);
  });
}

async function recordRead(db: Session, read: readonly ReadSource[]): Promise<void> {
  await db.query(sql`
    update file set hash = decode(read_now.hash, 'hex'), head = coalesce(decode(read_now.head, 'hex'), file.head),
      racy = read_now.racy, claimed = false
    from unnest(
      ${read.map(({ id }) => id)}::bigint[], ${read.map(({ hash }) => hash)}::text[],
      ${read.map(({ head }) => head)}::text[], ${read.map(({ racy }) => racy)}::boolean[]
    ) as read_now (id, hash, head, racy)
    where file.id = read_now.id
  `);
}

/** What was placed as rows of SQL: a batch goes with its statement, and needs no table. */
function rowsOf(placed: readonly Placed[], inodesTrusted: boolean): Query {
  const files = placed.map(({ archived }) => archived);
  const inodes = files.map(({ inode }) => (inodesTrusted ? BigInt.asIntN(64, inode) : null));
  const captured = placed.map(({ entry }) => (entry?.captured ? jsonText({ ...entry.captured }) : null));
  return sql`unnest(
    ${files.map(({ path }) => folderOf(path))}::text[], ${files.map(({ path }) => nameOf(path))}::text[],
    ${files.map(({ size }) => size)}::bigint[], ${files.map(({ modified }) => modified)}::bigint[],
    ${files.map(({ changed }) => changed)}::bigint[], ${inodes}::bigint[],
    ${placed.map(({ head }) => head)}::text[], ${placed.map(({ hash }) => hash)}::text[],
    ${placed.map(({ entry }) => entry !== null)}::boolean[], ${captured}::jsonb[],
    ${placed.map(({ entry }) => entry?.run ?? null)}::text[]
  ) as given (folder, name, size, mtime, ctime, inode, head, hash, is_entry, captured, run_id)`;
}

/**
 * Where the archive holds each of the given contents: at its entry, or, where it has none, at any
 * other path. Contents it does not hold are left out.
 */
export async function heldContents(
  session: Session,
  archiveId: number,
  hashes: readonly Hash[],
): Promise<{ hash: Hash; file: ArchivedFile }[]> {
  // One by one, by index: the planner, whose numbers are from before the run, would rather read all hashes there are.
  const rows = await session.query<ArchivedFile & { hash: Hash }>(sql`
    select encode(asked.hash, 'hex') as hash, held.*
    from (select distinct decode(given, 'hex') as hash from unnest(${hashes}::text[]) as given) as asked
    cross join lateral (
      select case when folder.path = '' then file.name else folder.path || '/' || file.name end as path,
        file.size::float8 as size, file.mtime as modified, file.ctime as changed,
        coalesce(file.device, 0) as device, coalesce(file.inode, 0) as inode
      from file
      cross join lateral (select path, source_id from folder where id = file.folder_id offset 0) as folder
      left join entry on entry.file_id = file.id
      where file.hash = asked.hash and file.gone_at is null and source_id = ${archiveId}
      order by entry.file_id nulls last, file.id limit 1
    ) as held
  `);
  return rows.map(({ hash, ...file }) => ({ hash, file }));
}
