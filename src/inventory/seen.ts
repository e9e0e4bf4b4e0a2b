import type { PathText } from "../model/path.ts";
import { relaxCommits } from "./commits.ts";
import { type DedicatedSession, type Query, type Session, sql } from "./database.ts";

/** What the rows of a walk hold after the folder: in binary, see `CopyRows`. */
export const walkColumns = "name, size, mtime, device, inode, junk, ctime, racy, hash";

/** A folder of a walk. */
export interface SeenFolder {
  readonly number: number;
  readonly path: PathText;
  /** In hex: while it is the same, so are the files in it. null where the folder was not seen whole. */
  readonly digest: string | null;
  readonly files: number;
  /** Sum of sizes. */
  readonly bytes: number;
  /** Its number, then {@link walkColumns}. */
  readonly rows: Uint8Array;
}

/** A part of a walk. No folder stands in two parts of a look. */
export interface SeenBatch {
  readonly folders: readonly SeenFolder[];
}

/**
 * "again": what the first look of this scan has seen may be among it. "new": nothing of the source is known; its folders
 * have numbers from {@link firstFolderOf} on, which become their ids.
 */
export type Look = "first" | "again" | "new";

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
      folder_number bigint, name text collate "C", size bigint, mtime bigint,
      device bigint, inode bigint, junk boolean, ctime bigint, racy boolean, hash bytea
    )
  `);
  // Files that were seen, and folders of which every known file was.
  await session.query(sql`create temp table if not exists seen_file (id bigint)`);
  await session.query(sql`create temp table if not exists seen_folder (id bigint)`);
  await session.query(sql`truncate seen, seen_file, seen_folder`);
}

/** Whose files are merged. */
interface Seen {
  readonly sourceId: number;
  readonly kind: "source" | "archive";
  readonly look: Look;
}

/**
 * Merges what a walk saw into the inventory. A file is taken for unchanged while its size and
 * times are the same; in the archive, where every new link changes ctime, while size,
 * mtime and inode are. Changed files lose their hash. Committed when it returns. A file counts once in a scan, however
 * often it is looked at.
 *
 * Costs a microsecond a file where folders have their digest still, three where the source is new, else some ten.
 */
export async function mergeSeen(session: DedicatedSession, seen: Seen, { folders }: SeenBatch): Promise<SeenCounts> {
  return session.transaction(async (db) => {
    if (seen.look === "new") return addFolders(db, seen.sourceId, folders);
    // What a first look missed may be in a folder that looks as ever.
    const asEver = seen.look === "first" ? await noteUnchanged(db, seen.sourceId, folders) : new Set<number>();
    const others = folders.filter(({ number }) => !asEver.has(number));
    const counts = others.length === 0 ? nothingSeen : await mergeFolders(db, seen, others);
    const unchanged = folders.filter(({ number }) => asEver.has(number));
    return {
      ...counts,
      unchanged: unchanged.reduce((sum, { files }) => sum + files, counts.unchanged),
      bytes: unchanged.reduce((sum, { bytes }) => sum + bytes, counts.bytes),
    };
  });
}

const nothingSeen: SeenCounts = { new: 0, changed: 0, unchanged: 0, bytes: 0 };

/** Notes the folders that look as they did when all of their files were seen. @returns their numbers */
async function noteUnchanged(db: Session, sourceId: number, folders: readonly SeenFolder[]): Promise<Set<number>> {
  const rows = await db.query<{ number: number }>(sql`
    with same as materialized (
      select given.number, folder.id from ${givenFolders(folders)}
      join folder on folder.source_id = ${sourceId} and path_key(folder.path) = path_key(given.path)
      where folder.digest = decode(given.digest, 'hex')
    ), noted as (
      insert into seen_folder select id from same
    )
    select number::float8 as number from same
  `);
  return new Set(rows.map(({ number }) => number));
}

/** Ids that are set aside for each source: for as many requests as a walk of ten million folders can need. */
const idsPerSource = 2 ** 40;

/**
 * The first of the ids that are set aside for the folders of a new source. The sequence, from which all later folders
 * have theirs, never comes so far.
 *
 * @returns null where an id would not be exact as a number any more, from the 8,191st source on.
 */
export function firstFolderOf(sourceId: number): number | null {
  const first = sourceId * idsPerSource;
  return first + idsPerSource > Number.MAX_SAFE_INTEGER ? null : first;
}

/** There is nothing to compare them with: rows go where they stay, as they came. */
async function addFolders(db: Session, sourceId: number, folders: readonly SeenFolder[]): Promise<SeenCounts> {
  const numbers = folders.map(({ number }) => number);
  await db.query(sql`
    insert into folder (id, source_id, path) overriding system value
    select id, ${sourceId}, path
    from unnest(${numbers}::bigint[], ${folders.map(({ path }) => path)}::text[]) as given (id, path)
  `);
  await db.copyIn(`file (folder_id, ${walkColumns})`, [rowsOf(folders)], "binary");
  // Not with the folders: whatever is added to one makes its digest void.
  await db.query(sql`
    with noted as (insert into seen_folder select unnest(${numbers}::bigint[]))
    update folder set digest = decode(given.digest, 'hex')
    from unnest(${numbers}::bigint[], ${folders.map(({ digest }) => digest)}::text[]) as given (id, digest)
    where folder.id = given.id and given.digest is not null
  `);
  const sum = (pick: (folder: SeenFolder) => number) => folders.reduce((total, folder) => total + pick(folder), 0);
  return { ...nothingSeen, new: sum(({ files }) => files), bytes: sum(({ bytes }) => bytes) };
}

/** In one piece: a message a folder would cost more than the rows of a small one. */
function rowsOf(folders: readonly SeenFolder[]): Uint8Array {
  return Buffer.concat(folders.map(({ rows }) => rows));
}

async function mergeFolders(db: Session, seen: Seen, folders: readonly SeenFolder[]): Promise<SeenCounts> {
  await db.query(sql`
    insert into folder (source_id, path)
    select ${seen.sourceId}, path from unnest(${folders.map(({ path }) => path)}::text[]) as path
    on conflict do nothing
  `);
  await db.query(sql`truncate seen`);
  await db.copyIn(`seen (folder_number, ${walkColumns})`, [rowsOf(folders)], "binary");
  await db.query(sql`analyze seen`);
  const counts = await compareFiles(db, seen, folders);
  await keepDigests(db, seen.sourceId, folders);
  return counts;
}

async function compareFiles(
  db: Session,
  { sourceId, kind, look }: Seen,
  folders: readonly SeenFolder[],
): Promise<SeenCounts> {
  const [counts] = await db.query<SeenCounts>(sql`
    with place as materialized (
      select number, folder.id from ${givenFolders(folders)}
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
      insert into file (folder_id, name, size, mtime, ctime, device, inode, junk, racy, hash)
      select folder_id, name, size, mtime, ctime, device, inode, junk, racy, hash
      from matched where file_id is null
      returning id
    ), changed as (
      update file set size = matched.size, mtime = matched.mtime, ctime = matched.ctime,
        device = matched.device, inode = matched.inode, junk = matched.junk,
        head = null, hash = matched.hash, racy = matched.racy,
        claimed = false, recorded_at = now(), gone_at = null
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
  return counts ?? nothingSeen;
}

/** A folder in which a file is known that was not seen keeps none: the next scan must miss it, too. */
async function keepDigests(db: Session, sourceId: number, folders: readonly SeenFolder[]): Promise<void> {
  await db.query(sql`
    with place as materialized (
      select folder.id, given.digest, given.files from ${givenFolders(folders)}
      join folder on folder.source_id = ${sourceId} and path_key(folder.path) = path_key(given.path)
      where given.digest is not null
    )
    update folder set digest = decode(place.digest, 'hex') from place
    where folder.id = place.id
      and place.files = (select count(*) from file where folder_id = place.id and gone_at is null)
  `);
}

/** A table for a FROM clause: given (number, path, digest, files). */
function givenFolders(folders: readonly SeenFolder[]): Query {
  return sql`unnest(
    ${folders.map(({ number }) => number)}::bigint[], ${folders.map(({ path }) => path)}::text[],
    ${folders.map(({ digest }) => digest)}::text[], ${folders.map(({ files }) => files)}::bigint[]
  ) as given (number, path, digest, files)`;
}
