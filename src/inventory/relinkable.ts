import type { Hash } from "../model/file.ts";
import type { ArchivedFile } from "../model/operation.ts";
import { folderOf, nameOf, type PathText } from "../model/path.ts";
import type { EpochNs } from "../model/time.ts";
import { type Database, type Session, sql } from "./database.ts";
import { pathColumn } from "./files.ts";

/** A name in the archive whose content other inodes of it hold, too. */
export interface EqualFile {
  readonly id: number;
  readonly hash: Hash;
  readonly path: PathText;
  /** Bytes; never 0. */
  readonly size: number;
  readonly modified: EpochNs;
  /** As a signed number of 64 bits; null where the file system's numbers cannot be trusted. */
  readonly inode: bigint | null;
  /** Names of this inode in the archive; null where nobody knows. */
  readonly names: number | null;
  /** Whether the entry of the content is one of them. */
  readonly isEntry: boolean;
}

/** Rows at a time: as many as share one barrier. */
const rowsAtOnce = 256;

/**
 * Every name of every content that stands in several inodes of the archive. Of one content, the names of the inode to
 * keep come first: that of the entry, else the one with most names, else the oldest, else the first in order of path.
 * The names of one inode follow each other. Apart from that in order of path, so that neighbours lie in the same
 * folders. Empty files are left out, junk is not.
 */
export async function* equalFiles(db: Session, archiveId: number): AsyncGenerator<EqualFile[], void, undefined> {
  yield* db.stream<EqualFile>(
    sql`
    with shared as (
      select hash
      from file join folder on folder.id = file.folder_id
      where folder.source_id = ${archiveId} and gone_at is null and size > 0 and hash is not null
      group by hash having count(*) filter (where inode is null) + count(distinct inode) > 1
    ), standing as (
      select file.*, ${pathColumn} as path, entry.file_id is not null as has_entry,
        case when inode is null then file.id end as lone
      from shared join file using (hash) join folder on folder.id = file.folder_id
      left join entry on entry.file_id = file.id and entry.archive_id = ${archiveId}
      where folder.source_id = ${archiveId} and gone_at is null and size > 0
    ), counted as (
      select *, bool_or(has_entry) over one as is_entry, count(*) over one as names,
        min(mtime) over one as oldest, min(path) over one as first_path
      from standing
      window one as (partition by hash, inode, lone)
    ), ranked as (
      select *, first_value(path) over best as kept_path, first_value(first_path) over best as kept_first_path
      from counted
      window best as (partition by hash order by is_entry desc, names desc, oldest, first_path, has_entry desc, path)
    )
    select id::float8 as id, encode(hash, 'hex') as hash, path, size::float8 as size, mtime as modified, inode,
      case when inode is not null then names::float8 end as names, is_entry as "isEntry"
    from ranked
    order by kept_path, first_path = kept_first_path desc, path = kept_path desc, first_path, path
  `,
    rowsAtOnce,
  );
}

/** A name that is a link of another file now, as it stands. */
export interface RelinkedName {
  readonly id: number;
  readonly archived: ArchivedFile;
}

/** A kept file that has another time now. */
export interface RetimedFile {
  readonly hash: Hash;
  readonly path: PathText;
  readonly inode: bigint;
  readonly modified: EpochNs;
}

/**
 * Tells the inventory what relinking has done, in one transaction. Call it after the barrier.
 *
 * @param different Ids of files that do not hold the content that was recorded: it is forgotten, the next scan reads them.
 */
export async function recordRelinked(
  db: Database,
  { archiveId, inodesTrusted }: { readonly archiveId: number; readonly inodesTrusted: boolean },
  done: {
    readonly relinked: readonly RelinkedName[];
    readonly retimed: readonly RetimedFile[];
    readonly different: readonly number[];
  },
): Promise<void> {
  const { relinked, retimed, different } = done;
  await db.transaction(async (session) => {
    await session.query(sql`
      update file set mtime = now.mtime, ctime = now.ctime, inode = now.inode
      from unnest(
        ${relinked.map(({ id }) => id)}::bigint[], ${relinked.map(({ archived }) => archived.modified)}::bigint[],
        ${relinked.map(({ archived }) => archived.changed)}::bigint[],
        ${relinked.map(({ archived }) => (inodesTrusted ? signed(archived.inode) : null))}::bigint[]
      ) as now (id, mtime, ctime, inode)
      where file.id = now.id
    `);
    for (const file of retimed) await recordTime(session, archiveId, file);
    await session.query(sql`update file set head = null, hash = null where id = any(${different}::bigint[])`);
  });
}

/**
 * Gives all names of a file its new time; by the path alone where inodes are not kept: the others are then read again.
 *
 * @param file.before Only if they have this one now.
 */
export async function recordTime(
  session: Session,
  archiveId: number,
  { hash, path, inode, modified, before = null }: RetimedFile & { readonly before?: EpochNs | null },
): Promise<void> {
  await session.query(sql`
    update file set mtime = ${modified}::bigint
    from folder
    where folder.id = file.folder_id and folder.source_id = ${archiveId} and file.hash = decode(${hash}, 'hex')
      and file.gone_at is null and (${before}::bigint is null or file.mtime = ${before}::bigint)
      and (file.inode = ${signed(inode)}::bigint
        or (file.inode is null and folder.path = ${folderOf(path)} and file.name = ${nameOf(path)}))
  `);
}

/** Inode numbers have 64 bits without sign, the database's with one. */
function signed(number: bigint): bigint {
  return BigInt.asIntN(64, number);
}
