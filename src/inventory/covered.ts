import type { PathText } from "../model/path.ts";
import type { EpochNs } from "../model/time.ts";
import { type DedicatedSession, type Session, sql } from "./database.ts";
import { pathColumn } from "./files.ts";
import { herePath } from "./here.ts";

/**
 * Takes over what the last scan knows of the files that are here, if they are as it saw them. Those whose hash it does
 * not know, or only by a claim or a reading in the moment of a change, are to be read.
 *
 * @param trust "bytes": every file is to be read, the known ones to be compared.
 */
export async function judgeByScan(
  session: DedicatedSession,
  sourceId: number,
  trust: "records" | "bytes",
): Promise<void> {
  await session.query(sql`analyze here`);
  await session.query(sql`
    with known as (
      select here.id, file.id is null or file.gone_at is not null as is_new,
        (file.size, file.mtime, file.ctime) <> (here.size, here.mtime, here.ctime) as is_changed,
        (file.size, file.mtime) = (here.size, here.mtime) as is_same_age,
        case when not file.claimed and not file.racy then file.hash end as hash
      from here join here_folder on number = folder_number
      left join folder on folder.source_id = ${sourceId} and path_key(folder.path) = path_key(here_folder.path)
      left join file on file.folder_id = folder.id and file.name = here.name
      where not here.junk
    ), judged as (
      select id, case when is_new then 'NEW_SINCE_SCAN' when is_changed then 'CHANGED_SINCE_SCAN' end as code,
        hash, is_same_age, ${trust}::text = 'bytes' as reads_all
      from known
    )
    update here set recorded = case when is_same_age then judged.hash end,
      hash = case when judged.code is null and not reads_all then judged.hash end,
      to_read = reads_all or (judged.code is null and judged.hash is null),
      code = case when not reads_all then judged.code end
    from judged where here.id = judged.id
  `);
}

/** The same where no scan has ever been: every file is to be read. */
export async function judgeByBytes(session: DedicatedSession): Promise<void> {
  await session.query(sql`update here set to_read = true where not junk`);
}

/** Files of a size that no entry has need not be read: their content is not in the archive. */
export async function judgeBySize(session: DedicatedSession, archiveId: number): Promise<void> {
  await session.query(sql`
    create temp table entry_size as
    select distinct size from entry join file on file.id = entry.file_id where archive_id = ${archiveId}
  `);
  await session.query(sql`
    update here set to_read = false, code = 'NOT_ARCHIVED' where to_read and size not in (select size from entry_size)
  `);
  await session.query(sql`analyze here`);
}

/** What there is to read. */
export async function amountToRead(session: Session): Promise<{ readonly files: number; readonly bytes: number }> {
  const [amount] = await session.query<{ files: number; bytes: number }>(sql`
    select count(*)::float8 as files, coalesce(sum(size), 0)::float8 as bytes from here where to_read
  `);
  return amount ?? { files: 0, bytes: 0 };
}

/** Finds the entry of every content that is here; needs all hashes. @param trust As in {@link judgeByScan} */
export async function findEntries(
  session: DedicatedSession,
  archiveId: number,
  trust: "records" | "bytes",
): Promise<void> {
  await session.query(sql`
    update here set entry_id = entry.file_id,
      code = case when ${trust}::text = 'records' and entry.damaged_hash is not null then 'ENTRY_DAMAGED' end
    from entry where entry.archive_id = ${archiveId} and entry.hash = here.hash and here.code is null
  `);
  await session.query(sql`update here set code = 'NOT_ARCHIVED' where entry_id is null and code is null and not junk`);
  await session.query(sql`
    create temp table needed as select distinct entry_id as id from here where entry_id is not null and code is null
  `);
  await session.query(sql`
    create temp table standing (id bigint, size bigint, mtime bigint, device bigint, inode bigint, code text)
  `);
  await session.query(sql`analyze needed`);
}

/** An entry on which something here relies. */
export interface NeededEntry {
  readonly id: number;
  readonly path: PathText;
  readonly size: number;
  readonly modified: EpochNs;
}

/** Each once, in folder order. */
export async function* neededEntries(session: Session): AsyncGenerator<NeededEntry[], void, undefined> {
  yield* session.stream<NeededEntry>(sql`
    select file.id::float8 as id, ${pathColumn} as path, size::float8 as size, mtime as modified
    from needed join file using (id) join folder on folder.id = file.folder_id
    order by folder.id, file.name
  `);
}

/** @param rows COPY lines of how entries stand: id, size, mtime, device, inode, code. */
export async function noteStanding(session: Session, rows: Uint8Array): Promise<void> {
  await session.copyIn("standing (id, size, mtime, device, inode, code)", [rows]);
}

/** An entry must stand as it was recorded, and be another file than the one that it is to cover. */
export async function judgeByStanding(session: DedicatedSession): Promise<void> {
  await session.query(sql`analyze standing`);
  await session.query(sql`
    update here set code = case when standing.code in ('ENOENT', 'ENOTDIR') then 'ENTRY_GONE'
      when standing.code is not null then 'ENTRY_UNREADABLE'
      when (standing.size, standing.mtime) <> (file.size, file.mtime) then 'ENTRY_CHANGED'
      when (standing.device, standing.inode) = (here.device, here.inode) then 'OWN_FILE' end
    from standing join file using (id)
    where here.entry_id = standing.id and here.code is null
  `);
  await session.query(sql`
    delete from needed using here where here.entry_id = needed.id and here.code is not null and here.code <> 'OWN_FILE'
  `);
}

/** What reading the entries gave. */
export async function judgeEntries(
  session: Session,
  bad: readonly { readonly id: number; readonly code: string }[],
): Promise<void> {
  await session.query(sql`
    update here set code = given.code
    from unnest(${bad.map(({ id }) => id)}::bigint[], ${bad.map(({ code }) => code)}::text[]) as given (id, code)
    where here.entry_id = given.id and here.code is null
  `);
}

export interface CoveredTotals {
  /** Ordinary files, junk left out. */
  readonly files: number;
  readonly bytes: number;
  /** Whatever is not covered; a folder that was passed over counts as one. */
  readonly missing: number;
  readonly junk: { readonly files: number; readonly bytes: number };
}

/** A folder right below the one that was asked about, with all below it; "" for what lies beside these folders. */
export interface FolderTotals {
  /** Its name. */
  readonly name: PathText;
  readonly files: number;
  readonly bytes: number;
  readonly missing: number;
}

/** Something that is not covered, and why. */
export interface MissingFile {
  /** Name of the folder of {@link FolderTotals} that it counts in. */
  readonly folder: PathText;
  /** Below the root of the walk. */
  readonly path: PathText;
  readonly code: string;
  /** The entry that should hold it, if there is one. */
  readonly entry: PathText | null;
}

/** Sums it all up, for the three that follow. @param start Folder below the root of the walk that was asked about. */
export async function concludeHere(session: DedicatedSession, start: PathText): Promise<void> {
  const skipped = start === "" ? 0 : [...start].length + 1;
  await session.query(sql`
    create temp table concluded as
    with found as (
      select ${herePath} as path, size, junk, code, entry_id, true as is_file
      from here join here_folder on number = folder_number
      union all select path, 0, false, code, null, false from beside
    ), below as (
      select *, substr(path, ${skipped + 1}) as rest from found
    )
    select path, case when position('/' in rest) > 0 then split_part(rest, '/', 1) else '' end as folder,
      size, junk, code, entry_id, is_file
    from below
  `);
}

export async function coveredTotals(session: Session): Promise<CoveredTotals> {
  const [totals] = await session.query<CoveredTotals>(sql`
    select count(*) filter (where is_file and not junk)::float8 as files,
      coalesce(sum(size) filter (where not junk), 0)::float8 as bytes, count(code)::float8 as missing,
      jsonb_build_object('files', count(*) filter (where junk), 'bytes', coalesce(sum(size) filter (where junk), 0)) as junk
    from concluded
  `);
  return totals ?? { files: 0, bytes: 0, missing: 0, junk: { files: 0, bytes: 0 } };
}

export function folderTotals(session: Session): Promise<FolderTotals[]> {
  return session.query<FolderTotals>(sql`
    select folder as name, count(*) filter (where is_file)::float8 as files, sum(size)::float8 as bytes,
      count(code)::float8 as missing
    from concluded where not junk group by folder order by folder
  `);
}

/** What is not covered, folder after folder. @param mostInFolder Of each of {@link FolderTotals}; null: all. */
export async function* missingFiles(
  session: Session,
  mostInFolder: number | null,
): AsyncGenerator<MissingFile[], void, undefined> {
  yield* session.stream<MissingFile>(sql`
    with numbered as (
      select *, row_number() over (partition by concluded.folder order by concluded.path) as number
      from concluded where code is not null
    )
    select numbered.folder, numbered.path, code,
      case when file.id is not null then ${pathColumn} end as entry
    from numbered left join file on file.id = entry_id left join folder on folder.id = file.folder_id
    where ${mostInFolder}::int is null or number <= ${mostInFolder}::int
    order by numbered.folder, numbered.path
  `);
}

/** How many files are not covered for one of these reasons. */
export async function countMissing(session: Session, codes: readonly string[]): Promise<number> {
  const [row] = await session.query<{ count: number }>(sql`
    select count(*)::float8 as count from concluded where code = any(${codes}::text[])
  `);
  return row?.count ?? 0;
}
