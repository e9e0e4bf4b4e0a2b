import { wholeUpTo } from "../model/fingerprint.ts";
import type { PathText } from "../model/path.ts";
import type { EpochNs } from "../model/time.ts";
import { type DedicatedSession, type Session, sql } from "./database.ts";

/** A file whose content must be read, for the hashing threads. */
export interface Candidate {
  readonly id: number;
  /** Below the root of its source. */
  readonly path: PathText;
  readonly size: number;
  readonly modified: EpochNs;
}

interface Row {
  id: number;
  folder: PathText;
  name: PathText;
  size: number;
  mtime: EpochNs;
}

/** What becomes of files that systems leave behind: see sources/junk.ts. */
export type JunkRule = "compared" | "left out";

/** Sizes and heads of the files of these sources that may be read. Hard links to one inode of one source are one. */
const oneEach = (sourceIds: readonly number[]) => sql`(
  select size, head from wanted as file join folder on folder.id = file.folder_id
  where inode is null and source_id = any(${sourceIds}::int[])
  union all
  select size, head from (
    select distinct size, head, source_id, device, inode from wanted as file join folder on folder.id = file.folder_id
    where inode is not null and source_id = any(${sourceIds}::int[])
  ) as linked
) as one_each`;

/** Settles for the session which files may be read at all. */
export async function beginReading(session: DedicatedSession, junk: JunkRule): Promise<void> {
  await session.query(
    junk === "compared"
      ? sql`create temp view wanted as select * from file where gone_at is null`
      : sql`create temp view wanted as select * from file where gone_at is null and not junk`,
  );
}

/**
 * Finds the sizes that stand more than once over all sources and the archive, and the files
 * whose hash is not to be trusted because they changed as it was taken. Both are kept for
 * the session: results that come in do not change who is asked.
 */
export async function beginHashing(
  session: DedicatedSession,
  archiveId: number | null,
  { sourceIds, junk }: { readonly sourceIds: readonly number[]; readonly junk: JunkRule },
): Promise<void> {
  await beginReading(session, junk);
  await session.query(sql`
    create temp table shared_size as
    select size from ${oneEach([...sourceIds, archiveId ?? 0])}
    where size > 0 group by size having count(*) > 1
  `);
  await session.query(sql`create index on shared_size (size)`);
  await session.query(sql`
    create temp table untrusted as
    select file.id from wanted as file join folder on folder.id = file.folder_id
    where racy and source_id = any(${sourceIds}::int[])
  `);
  await session.query(sql`analyze shared_size`);
}

/** Files of one source of which not even the ends are known, though their size is not theirs alone. In folder order. */
export async function* filesOfSharedSize(session: Session, sourceId: number): AsyncGenerator<Candidate[]> {
  yield* candidates(
    session,
    sql`
    where hash is null and head is null and source_id = ${sourceId}
      and size in (select size from shared_size)
      and (inode is null or file.id in (
        select min(file.id) from wanted as file join folder on folder.id = folder_id
        where inode is not null and hash is null and source_id = ${sourceId}
        group by device, inode
      ))`,
  );
}

/**
 * Keeps for the session which (size, ends) stand more than once. A file whose hash is known but
 * not its ends ties with every file of its size.
 */
export async function findTies(session: DedicatedSession, knownIds: readonly number[]): Promise<void> {
  await session.query(sql`
    create temp table tied as
    select size, head from ${oneEach(knownIds)}
    where head is not null group by size, head having count(*) > 1
  `);
  await session.query(sql`
    create temp table tied_size as
    select distinct size from wanted as file join folder on folder.id = file.folder_id
    where size > ${wholeUpTo} and head is null and hash is not null and source_id = any(${knownIds}::int[])
      and size in (select size from shared_size)
  `);
  await session.query(sql`analyze tied`);
}

/** Files of one source that must be read whole. In folder order. */
export async function* tiedFiles(session: Session, sourceId: number): AsyncGenerator<Candidate[]> {
  yield* candidates(
    session,
    sql`
    where source_id = ${sourceId} and (
      file.id in (select id from untrusted)
      or (hash is null and head is not null
        and ((size, head) in (select size, head from tied) or size in (select size from tied_size))
        and (inode is null or file.id in (
          select min(file.id) from wanted as file join folder on folder.id = folder_id
          where inode is not null and hash is null and source_id = ${sourceId}
          group by device, inode
        ))))`,
  );
}

/** Files of one source whose hash is only claimed, one name of each inode. In folder order. Needs {@link beginReading}. */
export async function* claimedFiles(session: Session, sourceId: number): AsyncGenerator<Candidate[]> {
  yield* candidates(
    session,
    sql`
    where claimed and source_id = ${sourceId}
      and (inode is null or file.id in (
        select min(file.id) from wanted as file join folder on folder.id = folder_id
        where inode is not null and claimed and source_id = ${sourceId}
        group by device, inode
      ))`,
  );
}

/** Files of one source whose content is not known, one name of each inode. In folder order. Needs {@link beginReading}. */
export async function* unreadFiles(session: Session, sourceId: number): AsyncGenerator<Candidate[]> {
  yield* candidates(
    session,
    sql`
    where hash is null and source_id = ${sourceId}
      and (inode is null or file.id in (
        select min(file.id) from wanted as file join folder on folder.id = folder_id
        where inode is not null and hash is null and source_id = ${sourceId}
        group by device, inode
      ))`,
  );
}

async function* candidates(session: Session, where: ReturnType<typeof sql>): AsyncGenerator<Candidate[]> {
  const rows = session.stream<Row>(sql`
    select file.id::float8 as id, folder.path as folder, name, size::float8 as size, mtime
    from wanted as file join folder on folder.id = file.folder_id
    ${where}
    order by folder.id, file.name
  `);
  for await (const batch of rows) {
    yield batch.map(({ id, folder, name, size, mtime }) => ({
      id,
      path: (folder === "" ? name : `${folder}/${name}`) as PathText,
      size,
      modified: mtime,
    }));
  }
}
