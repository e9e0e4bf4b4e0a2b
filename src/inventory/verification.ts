import type { PathText } from "../model/path.ts";
import type { EpochNs } from "../model/time.ts";
import { type DedicatedSession, type Query, type Session, sql } from "./database.ts";
import { pathColumn } from "./files.ts";

/** Which files of the archive are read again. Entries known to be damaged always are. */
export type Choice =
  /** Percent of all entries. */
  | { readonly kind: "sample"; readonly percent: number }
  /** All entries, and every other inode of the archive. */
  | { readonly kind: "all" }
  /** Entries that nobody has read since; the run that copied them does not count. */
  | { readonly kind: "older"; readonly than: Date };

/** What is to be read. */
export interface Chosen {
  readonly files: number;
  readonly bytes: number;
  /** Of the archive, chosen or not. */
  readonly entries: number;
}

/** A file to be read, as it is recorded. */
export interface RecordedVersion {
  readonly id: number;
  readonly path: PathText;
  readonly size: number;
  readonly modified: EpochNs;
}

/** Settles for the session which files {@link chosenFiles} gives. */
export async function chooseFiles(session: DedicatedSession, archiveId: number, choice: Choice): Promise<Chosen> {
  await session.query(sql`create temp table chosen (id bigint primary key)`);
  await session.query(sql`insert into chosen ${chosenEntries(archiveId, choice)}`);
  if (choice.kind === "all")
    await session.query(sql`insert into chosen ${otherInodes(archiveId)} on conflict do nothing`);
  await session.query(sql`analyze chosen`);
  const [chosen] = await session.query<Chosen>(sql`
    select count(*)::float8 as files, coalesce(sum(size), 0)::float8 as bytes,
      (select count(*)::float8 from entry where archive_id = ${archiveId}) as entries
    from chosen join file using (id)
  `);
  return chosen ?? { files: 0, bytes: 0, entries: 0 };
}

function chosenEntries(archiveId: number, choice: Choice): Query {
  if (choice.kind === "all") return sql`select file_id from entry where archive_id = ${archiveId}`;
  if (choice.kind === "older") {
    return sql`
      select file_id from entry
      where archive_id = ${archiveId}
        and (damaged_hash is not null or verified_at is null or verified_at < ${choice.than}::timestamptz)`;
  }
  // Three quarters are those not read for longest, so that all get their turn; the rest is drawn from the others.
  return sql`
    with known as materialized (
      select file_id, damaged_hash is not null as damaged, verified_at, random() as dice
      from entry where archive_id = ${archiveId}
    ), wanted as (
      select ceil(count(*) * ${choice.percent}::float8 / 100) as files from known
    ), aged as (
      select *, row_number() over (order by verified_at nulls first, dice) as age from known where not damaged
    ), drawn as (
      select file_id, files, row_number() over (order by age > ceil(files * 0.75), dice) as turn from aged, wanted
    )
    select file_id from drawn where turn <= files union all select file_id from known where damaged`;
}

/**
 * Files that are not links of the entry of their content, one name of each inode; also such as nobody has read yet.
 * Where inode numbers are not kept, equal times tell the links.
 */
function otherInodes(archiveId: number): Query {
  return sql`
    select min(file.id)
    from file join folder on folder.id = file.folder_id
    left join entry on entry.archive_id = ${archiveId} and entry.hash = file.hash
    left join file as kept on kept.id = entry.file_id
    where folder.source_id = ${archiveId} and file.gone_at is null
      and (kept.id is null or case when file.inode is null or kept.inode is null
        then (file.size, file.mtime) <> (kept.size, kept.mtime) else file.inode <> kept.inode end)
    group by file.inode, case when file.inode is null then file.id end`;
}

/** The files that {@link chooseFiles} has settled, in folder order. */
export async function* chosenFiles(session: Session): AsyncGenerator<RecordedVersion[], void, undefined> {
  yield* session.stream<RecordedVersion>(sql`
    select file.id::float8 as id, ${pathColumn} as path, size::float8 as size, mtime as modified
    from chosen join file using (id) join folder on folder.id = file.folder_id
    order by folder.id, file.name
  `);
}
