import type { Hash } from "../model/file.ts";
import { folderOf, nameOf, type PathText } from "../model/path.ts";
import type { EpochNs } from "../model/time.ts";
import { type Database, type Query, type Session, sql } from "./database.ts";
import { pathColumn } from "./files.ts";

/** A file of a source whose content the archive has an entry for: it may go, once both were read again. */
export interface ReclaimableFile {
  readonly id: number;
  /** Below the root of the source. */
  readonly path: PathText;
  /** Bytes. */
  readonly size: number;
  readonly modified: EpochNs;
  readonly changed: EpochNs;
  /** As a signed number of 64 bits; null but for hard links, where numbers can be trusted. */
  readonly inode: bigint | null;
  readonly hash: Hash;
  readonly entry: { readonly path: PathText; readonly modified: EpochNs };
  /** Names of its inode that may go, and which of them this is, from 1; null where the inode is not known. */
  readonly names: number | null;
  readonly nth: number;
}

interface Row extends Omit<ReclaimableFile, "entry"> {
  readonly entryPath: PathText;
  readonly entryModified: EpochNs;
}

export interface ReclaimScope {
  readonly sourceId: number;
  readonly archiveId: number;
  /** Only files below this folder of the source; "": all. */
  readonly below: PathText;
  /** The run that asks: what it has copied itself does not count. */
  readonly runId: string;
  /** false: empty files are left out. */
  readonly empty: boolean;
}

/** Rows at a time. */
const rowsAtOnce = 256;

/**
 * Files that may go, in the order of their folders; the names of one inode follow each other.
 *
 * Not junk, not claimed, not racy; and with an undamaged entry that another run has brought in, which has ended.
 */
export async function* reclaimableFiles(
  db: Session,
  { sourceId, archiveId, below, runId, empty }: ReclaimScope,
): AsyncGenerator<ReclaimableFile[], void, undefined> {
  const batches = db.stream<Row>(
    sql`
    with standing as (
      select file.id, file.size, file.mtime, file.ctime, file.device, file.inode, file.hash, folder.path as folder,
        file.name, ${pathColumn} as path, case when file.inode is null then file.id end as lone,
        held.mtime as held_mtime,
        case when held_folder.path = '' then held.name else held_folder.path || '/' || held.name end as held_path
      from folder
      join file on file.folder_id = folder.id
      join entry on entry.archive_id = ${archiveId} and entry.hash = file.hash
      join file as held on held.id = entry.file_id
      join folder as held_folder on held_folder.id = held.folder_id
      where folder.source_id = ${sourceId}
        and (${below} = '' or folder.path = ${below} or starts_with(folder.path, ${below} || '/'))
        and file.gone_at is null and not file.junk and not file.claimed and not file.racy
        and (file.size > 0 or ${empty})
        and held.gone_at is null and held.hash = entry.hash and not held.claimed and entry.damaged_hash is null
        and entry.run_id is distinct from ${runId}
        and not exists (select from run where run.id = entry.run_id and run.status = 'running')
    ), counted as (
      select *, count(*) over one as names, first_value(folder) over one as first_folder,
        first_value(name) over one as first_name, row_number() over one as nth
      from standing
      window one as (
        partition by device, inode, lone order by folder, name rows between unbounded preceding and unbounded following
      )
    )
    select id::float8 as id, path, size::float8 as size, mtime as modified, ctime as changed, inode,
      encode(hash, 'hex') as hash, held_path as "entryPath", held_mtime as "entryModified",
      case when inode is not null then names::float8 end as names, nth::float8 as nth
    from counted
    order by first_folder, first_name, nth
  `,
    rowsAtOnce,
  );
  for await (const rows of batches) {
    yield rows.map(({ entryPath, entryModified, ...file }) => {
      return { ...file, entry: { path: entryPath, modified: entryModified } };
    });
  }
}

/** Files of a source, but for junk. */
export async function countStanding(db: Session, { sourceId, below }: ReclaimScope): Promise<number> {
  const [row] = await db.query<{ files: number }>(sql`
    select count(*)::float8 as files
    from folder join file on file.folder_id = folder.id
    where folder.source_id = ${sourceId} and file.gone_at is null and not file.junk
      and (${below} = '' or folder.path = ${below} or starts_with(folder.path, ${below} || '/'))
  `);
  return row?.files ?? 0;
}

/** Every path of the archive that is known to hold each of the contents. */
export async function placesInArchive(
  db: Session,
  archiveId: number,
  hashes: readonly Hash[],
): Promise<Map<Hash, PathText[]>> {
  const rows = await db.query<{ hash: Hash; path: PathText }>(sql`
    select encode(file.hash, 'hex') as hash, ${pathColumn} as path
    from (select distinct decode(given, 'hex') as hash from unnest(${hashes}::text[]) as given) as asked
    join file on file.hash = asked.hash and file.gone_at is null
    join folder on folder.id = file.folder_id and folder.source_id = ${archiveId}
  `);
  const places = new Map<Hash, PathText[]>();
  for (const { hash, path } of rows) places.set(hash, [...(places.get(hash) ?? []), path]);
  return places;
}

/** What a batch of reclaiming has done and found out. */
export interface ReclaimRecord {
  /** Ids of files that are not at their places any more. */
  readonly gone: readonly number[];
  /** Files that are hard links of their entries now. */
  readonly linked: readonly {
    readonly id: number;
    readonly modified: EpochNs;
    readonly changed: EpochNs;
    readonly device: bigint;
    /** null where numbers cannot be trusted. */
    readonly inode: bigint | null;
  }[];
  /** Files that had other names: those have another ctime now. */
  readonly touched: readonly { readonly id: number; readonly changed: EpochNs }[];
  /** Contents whose entries were read, and are right. */
  readonly verified: readonly Hash[];
  readonly damaged: readonly { readonly hash: Hash; readonly actual: Hash }[];
}

/** Tells the inventory, in one transaction. Call it after the barrier. */
export async function recordReclaimed(
  db: Database,
  { sourceId, archiveId, runId }: Pick<ReclaimScope, "sourceId" | "archiveId" | "runId">,
  { gone, linked, touched, verified, damaged }: ReclaimRecord,
): Promise<void> {
  await db.transaction(async (session) => {
    await session.query(sql`
      update file set ctime = greatest(file.ctime, now.ctime)
      from (
        select twin.id, max(given.ctime) as ctime
        from unnest(${touched.map(({ id }) => id)}::bigint[], ${touched.map(({ changed }) => changed)}::bigint[])
          as given (id, ctime)
        join file as one on one.id = given.id and one.inode is not null
        join file as twin on twin.inode = one.inode and twin.device = one.device and twin.hash = one.hash
          and twin.mtime = one.mtime and twin.gone_at is null
        join folder on folder.id = twin.folder_id and folder.source_id = ${sourceId}
        group by twin.id
      ) as now
      where file.id = now.id
    `);
    await session.query(sql`update file set gone_at = now() where id = any(${gone}::bigint[]) and gone_at is null`);
    await session.query(sql`
      update file set mtime = now.mtime, ctime = now.ctime, device = now.device, inode = now.inode
      from unnest(
        ${linked.map(({ id }) => id)}::bigint[], ${linked.map(({ modified }) => modified)}::bigint[],
        ${linked.map(({ changed }) => changed)}::bigint[],
        ${linked.map(({ device, inode }) => (inode === null ? null : BigInt.asIntN(64, device)))}::bigint[],
        ${linked.map(({ inode }) => (inode === null ? null : BigInt.asIntN(64, inode)))}::bigint[]
      ) as now (id, mtime, ctime, device, inode)
      where file.id = now.id
    `);
    await session.query(sql`
      update file set ctime = latest.ctime
      from (
        select twin.id, max(one.ctime) as ctime
        from file as one
        join file as twin on twin.inode = one.inode and twin.device = one.device and twin.hash = one.hash
          and twin.mtime = one.mtime and twin.gone_at is null
        join folder on folder.id = twin.folder_id and folder.source_id = ${sourceId}
        where one.id = any(${linked.map(({ id }) => id)}::bigint[]) and one.inode is not null
        group by twin.id
      ) as latest
      where file.id = latest.id and file.ctime < latest.ctime
    `);
    await session.query(sql`
      update entry set verified_at = now(), verified_run = ${runId}, damaged_hash = null
      where archive_id = ${archiveId}
        and hash in (select decode(given, 'hex') from unnest(${verified}::text[]) as given)
    `);
    await session.query(sql`
      update entry set damaged_hash = decode(found.actual, 'hex')
      from unnest(${damaged.map(({ hash }) => hash)}::text[], ${damaged.map(({ actual }) => actual)}::text[])
        as found (hash, actual)
      where archive_id = ${archiveId} and entry.hash = decode(found.hash, 'hex')
    `);
  });
}

/** A place in a source, and what was recorded of the file there. */
export interface RecordedFile {
  readonly path: PathText;
  readonly hash: Hash;
  readonly modified: EpochNs;
}

/** Ids of those files, by their paths, that the inventory still has at their places. */
export async function stillStanding(
  db: Session,
  sourceId: number,
  files: readonly RecordedFile[],
): Promise<Map<PathText, number>> {
  const rows = await db.query<{ id: number; path: PathText }>(sql`
    select file.id::float8 as id, ${pathColumn} as path
    from ${recorded(files)}
    join folder on folder.source_id = ${sourceId} and path_key(folder.path) = path_key(given.folder)
    join file on file.folder_id = folder.id and file.name = given.name and file.mtime = given.mtime
      and file.hash = decode(given.hash, 'hex') and file.gone_at is null
  `);
  return new Map(rows.map(({ id, path }) => [path, id]));
}

function recorded(files: readonly RecordedFile[]): Query {
  return sql`unnest(
    ${files.map(({ path }) => folderOf(path))}::text[], ${files.map(({ path }) => nameOf(path))}::text[],
    ${files.map(({ hash }) => hash)}::text[], ${files.map(({ modified }) => modified)}::bigint[]
  ) as given (folder, name, hash, mtime)`;
}

/** Reclaiming runs of an archive that were killed or failed, and whose journals nobody has looked at since. */
export async function unfinishedReclaims(db: Session, archiveId: number): Promise<string[]> {
  const rows = await db.query<{ id: string }>(sql`
    select id from run
    where command = 'reclaim' and archive_id = ${archiveId} and status in ('interrupted', 'failed')
      and coalesce(summary, 'null') = 'null'
    order by started_at
  `);
  return rows.map(({ id }) => id);
}

/** Files that came back to their places unchanged: they are known again, without being read. */
export async function recordRestored(
  db: Session,
  sourceId: number,
  files: readonly (RecordedFile & { readonly changed: EpochNs })[],
): Promise<void> {
  await db.query(sql`
    update file set gone_at = null, ctime = back.ctime, inode = null, device = null
    from ${recorded(files)}
    join unnest(
      ${files.map(({ path }) => folderOf(path))}::text[], ${files.map(({ path }) => nameOf(path))}::text[],
      ${files.map(({ changed }) => changed)}::bigint[]
    ) as back (folder, name, ctime) on back.folder = given.folder and back.name = given.name
    join folder on folder.source_id = ${sourceId} and path_key(folder.path) = path_key(given.folder)
    where file.folder_id = folder.id and file.name = given.name and file.hash = decode(given.hash, 'hex')
      and file.mtime = given.mtime
  `);
}
