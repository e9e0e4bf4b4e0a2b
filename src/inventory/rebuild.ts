import type { Hash, SourceName } from "../model/file.ts";
import type { CopyOperation, Problem } from "../model/operation.ts";
import { folderOf, nameOf, type PathText } from "../model/path.ts";
import type { EpochNs } from "../model/time.ts";
import { copyText } from "./copy-text.ts";
import { type DedicatedSession, type Session, sql } from "./database.ts";
import { pathColumn } from "./files.ts";
import type { RunStatus } from "./runs.ts";

/** A file of the archive as a journal tells it. */
export interface ToldRow {
  readonly path: PathText;
  readonly size: number;
  readonly modified: EpochNs;
  /** null: inode numbers mean nothing there. */
  readonly inode: bigint | null;
  readonly hash: Hash;
  readonly entry: { readonly captured: CopyOperation["captured"] | null; readonly run: string | null } | null;
}

/** A time that a file may have been given after it was told. */
export interface ToldTime {
  readonly inode: bigint;
  readonly modified: EpochNs;
}

/** Makes the tables that the journals are collected in; they live as long as the session. */
export async function beginTold(session: DedicatedSession): Promise<void> {
  await session.query(sql`
    create temp table told_file (
      number bigint generated always as identity, folder text collate "C", name text collate "C", size bigint,
      mtime bigint, inode bigint, hash bytea, is_entry boolean, captured jsonb, run_id text
    )
  `);
  await session.query(sql`create temp table told_time (inode bigint, mtime bigint)`);
}

/** What is added later counts more. */
export async function addTold(session: Session, files: readonly ToldRow[], times: readonly ToldTime[]): Promise<void> {
  await session.copyIn("told_file (folder, name, size, mtime, inode, hash, is_entry, captured, run_id)", [
    copyText(
      files.map(({ path, size, modified, inode, hash, entry }) => {
        const captured = entry?.captured ?? null;
        const known = inode === null ? null : BigInt.asIntN(64, inode);
        const told = [entry !== null, captured === null ? null : { ...captured }, entry?.run ?? null] as const;
        return [folderOf(path), nameOf(path), size, modified, known, `\\x${hash}`, ...told];
      }),
    ),
  ]);
  await session.copyIn("told_time (inode, mtime)", [
    copyText(times.map(({ inode, modified }) => [BigInt.asIntN(64, inode), modified])),
  ]);
}

export interface MergedFiles {
  /** Files of the archive whose content is known. */
  readonly files: number;
  /** Those that were read now and do not hold what was told, though they stand as they were left. */
  readonly different: readonly Pick<Problem, "path">[];
}

/**
 * Tells the inventory the contents of files of the archive that it has seen and that stand as the journals left them;
 * what it knows already stays. The first that was told of a content is its entry.
 */
export async function mergeTold(session: DedicatedSession, archiveId: number): Promise<MergedFiles> {
  return session.transaction(async (db) => {
    await db.query(sql`analyze told_file`);
    await db.query(sql`
      create temp table standing on commit drop as
      select file.id, told.hash, file.hash as known
      from (select distinct on (folder, name) * from told_file order by folder, name, number desc) as told
      join folder on folder.source_id = ${archiveId} and path_key(folder.path) = path_key(told.folder)
      join file on file.folder_id = folder.id and file.name = told.name
      where file.gone_at is null and file.size = told.size
        and (file.inode is null or told.inode is null or file.inode = told.inode)
        and (file.mtime = told.mtime or exists (
          select from told_time where told_time.inode = file.inode and told_time.mtime / 1000 = file.mtime / 1000
        ))
    `);
    await db.query(sql`
      update file set hash = standing.hash from standing
      where file.id = standing.id and known is null
        and not exists (select from entry where entry.file_id = file.id and entry.hash <> standing.hash)
    `);
    await db.query(sql`
      insert into entry (archive_id, hash, file_id, captured, run_id)
      select distinct on (told.hash) ${archiveId}::int, told.hash, file.id, told.captured, told.run_id
      from told_file as told
      join folder on folder.source_id = ${archiveId} and path_key(folder.path) = path_key(told.folder)
      join file on file.folder_id = folder.id and file.name = told.name and file.hash = told.hash
      where told.is_entry and file.gone_at is null
        and not exists (select from entry where entry.file_id = file.id and entry.hash <> told.hash)
      order by told.hash, told.run_id is null, told.number
      on conflict (archive_id, hash) do update set captured = coalesce(entry.captured, excluded.captured),
        run_id = coalesce(entry.run_id, excluded.run_id)
      where entry.file_id = excluded.file_id
    `);
    const different = await db.query<{ path: PathText }>(sql`
      select ${pathColumn} as path from standing join file using (id) join folder on folder.id = file.folder_id
      where known <> standing.hash order by path
    `);
    const [{ files } = { files: 0 }] = await db.query<{ files: number }>(sql`
      select count(*)::float8 as files from file join folder on folder.id = folder_id
      where source_id = ${archiveId} and gone_at is null and hash is not null
    `);
    return { files, different };
  });
}

/** A run as its journal tells it. */
export interface ToldRun {
  readonly id: string;
  readonly command: string;
  readonly startedAt: Date;
  /** null: it was killed. */
  readonly endedAt: Date | null;
  readonly status: RunStatus;
}

/** @returns Number of runs that were not known. */
export async function addRuns(db: Session, archiveId: number, runs: readonly ToldRun[]): Promise<number> {
  const added = await db.query(sql`
    insert into run (id, command, archive_id, started_at, ended_at, status, summary)
    select id, command, ${archiveId}::int, started_at, ended_at, status,
      case when ended_at is not null then '{"rebuilt": true}'::jsonb end
    from unnest(
      ${runs.map(({ id }) => id)}::text[], ${runs.map(({ command }) => command)}::text[],
      ${runs.map(({ startedAt }) => startedAt)}::timestamptz[], ${runs.map(({ endedAt }) => endedAt)}::timestamptz[],
      ${runs.map(({ status }) => status)}::text[]
    ) as told (id, command, started_at, ended_at, status)
    on conflict do nothing
    returning id
  `);
  return added.length;
}

/** Makes sources known that are not; where one lies that is known stays. */
export async function addSources(db: Session, roots: ReadonlyMap<SourceName, PathText>): Promise<void> {
  await db.query(sql`
    insert into source (kind, name, root)
    select 'source', * from unnest(${[...roots.keys()]}::text[], ${[...roots.values()]}::text[])
    on conflict (name) where kind = 'source' do nothing
  `);
}

/** Number of entries of an archive. */
export async function countEntries(db: Session, archiveId: number): Promise<number> {
  const [row] = await db.query<{ entries: number }>(sql`
    select count(*)::float8 as entries from entry where archive_id = ${archiveId}
  `);
  return row?.entries ?? 0;
}
