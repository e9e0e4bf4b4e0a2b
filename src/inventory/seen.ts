import type { PathText } from "../model/path.ts";
import { relaxCommits } from "./commits.ts";
import { type DedicatedSession, type Session, sql } from "./database.ts";

/** BLAKE3-256 of nothing: an empty file is never opened. */
const emptyHash = "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262";

/** A part of a walk: rows are COPY lines of folder number, name, size, mtime, ctime, device, inode, junk. */
export interface SeenBatch {
  readonly folders: readonly { readonly number: number; readonly path: PathText }[];
  readonly rows: readonly Uint8Array[];
}

/** "again": what the first look of this scan has seen may be among it. */
export type Look = "first" | "again";

/** Files that this scan sees for the first time. */
export interface SeenCounts {
  readonly new: number;
  readonly changed: number;
  readonly unchanged: number;
  /** Sum of their sizes. */
  readonly bytes: number;
}

/** Makes the tables that one scan works in; they live as long as the session. */
export async function beginScan(session: DedicatedSession): Promise<void> {
  await relaxCommits(session);
  await session.query(sql`
    create temp table if not exists seen (
      folder_number bigint, name text collate "C", size bigint, mtime bigint, ctime bigint,
      device bigint, inode bigint, junk boolean
    )
  `);
  await session.query(sql`create temp table if not exists seen_file (id bigint)`);
  await session.query(sql`truncate seen, seen_file`);
}

/**
 * Merges what a walk saw into the inventory. A file is taken for unchanged while its size and
 * times are the same; in the archive, where every new link changes ctime, while size,
 * mtime and inode are. Changed files lose their hash. Committed when it returns. A file counts once in a scan, however
 * often it is looked at.
 */
export async function mergeSeen(
  session: DedicatedSession,
  { sourceId, kind, look }: { readonly sourceId: number; readonly kind: "source" | "archive"; readonly look: Look },
  { folders, rows }: SeenBatch,
): Promise<SeenCounts> {
  const paths = folders.map(({ path }) => path);
  const numbers = folders.map(({ number }) => number);
  return session.transaction(async (db) => {
    await db.query(sql`
      insert into folder (source_id, path) select ${sourceId}, path from unnest(${paths}::text[]) as path
      on conflict do nothing
    `);
    await db.query(sql`truncate seen`);
    await db.copyIn("seen (folder_number, name, size, mtime, ctime, device, inode, junk)", rows);
    await db.query(sql`analyze seen`);
    const [counts] = await db.query<SeenCounts>(sql`
      with place as materialized (
        select number, folder.id
        from unnest(${numbers}::bigint[], ${paths}::text[]) as given (number, path)
        join folder on folder.source_id = ${sourceId} and path_key(folder.path) = path_key(given.path)
      ), matched as materialized (
        select place.id as folder_id, seen.*, file.id as file_id,
          file.size = seen.size and file.mtime = seen.mtime and case ${kind}::text
            when 'archive' then file.inode is not distinct from seen.inode or seen.inode is null
            else file.ctime = seen.ctime end as same,
          file.gone_at is not null or (file.device, file.inode) is distinct from (seen.device, seen.inode) as stale,
          seen_file.id is null as first
        from seen
        join place on place.number = seen.folder_number
        left join file on file.folder_id = place.id and file.name = seen.name
        left join seen_file on ${look}::text = 'again' and seen_file.id = file.id
      ), added as (
        insert into file (folder_id, name, size, mtime, ctime, device, inode, junk, hash)
        select folder_id, name, size, mtime, ctime, device, inode, junk,
          case when size = 0 then decode(${emptyHash}, 'hex') end
        from matched where file_id is null
        returning id
      ), changed as (
        update file set size = matched.size, mtime = matched.mtime, ctime = matched.ctime,
          device = matched.device, inode = matched.inode, junk = matched.junk,
          head = null, hash = case when matched.size = 0 then decode(${emptyHash}, 'hex') end,
          racy = false, claimed = false, recorded_at = now(), gone_at = null
        from matched where file.id = matched.file_id and not matched.same
      ), refreshed as (
        update file set device = matched.device, inode = matched.inode, gone_at = null
        from matched where file.id = matched.file_id and matched.same and matched.stale
      ), outdated_evidence as (
        delete from evidence using matched where evidence.file_id = matched.file_id and not matched.same
      ), outdated_entry as (
        delete from entry using matched where entry.file_id = matched.file_id and not matched.same
      ), noted as (
        insert into seen_file select file_id from matched where file_id is not null and first
        union all select id from added
      )
      select count(*) filter (where file_id is null)::float8 as new,
        count(*) filter (where not same)::float8 as changed,
        count(*) filter (where same)::float8 as unchanged,
        coalesce(sum(size), 0)::float8 as bytes
      from matched where first
    `);
    return counts ?? { new: 0, changed: 0, unchanged: 0, bytes: 0 };
  });
}

class TakenBack extends Error {}

/** A folder of which files were not seen. */
export interface UnseenFolder {
  readonly id: number;
  readonly path: PathText;
}

/** Finds what this scan did not see. Call it after the walk, before {@link unseenFolders} and {@link markGone}. */
export async function findUnseen(session: DedicatedSession, sourceId: number): Promise<void> {
  await session.query(sql`
    create temp table unseen as
    select file.id, file.folder_id
    from file join folder on folder.id = file.folder_id
    where folder.source_id = ${sourceId} and file.gone_at is null
      and not exists (select from seen_file where seen_file.id = file.id)
  `);
}

/** Folders that miss files, a page at a time, by their ids. @param after The last id of the page before; 0 at first. */
export function unseenFolders(session: Session, after: number): Promise<UnseenFolder[]> {
  return session.query<UnseenFolder>(sql`
    select id::float8 as id, path from folder
    where id > ${after} and id in (select folder_id from unseen)
    order by id limit 1000
  `);
}

/**
 * Marks as gone what this scan did not see. Call it only after a walk that could look
 * everywhere. Their rows stay: a file that comes back is known by its size and times.
 *
 * @param mayGo Asked with their number, before it counts; it may call {@link countLost}.
 * @returns Number of files that were there before and are not any more; null: `mayGo` said no, and none counts as gone.
 */
export async function markGone(
  session: DedicatedSession,
  mayGo: (db: Session, gone: number) => Promise<boolean>,
): Promise<number | null> {
  try {
    return await session.transaction(async (db) => {
      const [{ gone } = { gone: 0 }] = await db.query<{ gone: number }>(sql`
        with missing as (
          update file set gone_at = now()
          from unseen
          where file.id = unseen.id and not exists (select from seen_file where seen_file.id = file.id)
          returning file.id
        ), entries as (
          delete from entry using missing where entry.file_id = missing.id
        )
        select count(*)::float8 as gone from missing
      `);
      if (!(await mayGo(db, gone))) throw new TakenBack();
      return gone;
    });
  } catch (error) {
    if (error instanceof TakenBack) return null;
    throw error;
  }
}

/**
 * How many of the files that were just marked as gone stood in the last complete scan and are not under another folder
 * now, with their name, size and time. What appeared after that scan does not count, be it that a wrong disk was scanned
 * in between.
 */
export async function countLost(db: Session, sourceId: number): Promise<number> {
  const [{ lost } = { lost: 0 }] = await db.query<{ lost: number }>(sql`
    with missing as materialized (
      select file.name, file.size, file.mtime
      from file join folder on folder.id = file.folder_id join source on source.id = folder.source_id
      where source.id = ${sourceId} and gone_at = now() and recorded_at <= scanned_at
    ), added as materialized (
      select file.name, file.size, file.mtime
      from seen_file join file using (id) join folder on folder.id = file.folder_id
      join source on source.id = folder.source_id
      where recorded_at > scanned_at
    ), moved as (
      select least(gone.number, new.number) as number
      from (select name, size, mtime, count(*) as number from missing group by name, size, mtime) as gone
      join (select name, size, mtime, count(*) as number from added group by name, size, mtime) as new
        using (name, size, mtime)
    )
    select ((select count(*) from missing) - (select coalesce(sum(number), 0) from moved))::float8 as lost
  `);
  return lost;
}
