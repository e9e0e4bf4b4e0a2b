import type { Hash } from "../model/file.ts";
import { folderOf, nameOf, type PathText } from "../model/path.ts";
import type { EpochNs } from "../model/time.ts";
import { copyText } from "./copy-text.ts";
import { type DedicatedSession, type Session, sql } from "./database.ts";

/** What another program says about one file. */
export interface Claim {
  /** Absolute. */
  readonly path: PathText;
  readonly size: number;
  readonly modified: EpochNs;
  /** "s": rounded down to the whole second. */
  readonly modifiedPrecision: "s" | "ns";
  readonly hash: Hash;
}

/** Begins to take over one document of results. @param origin For people: the program, and the file. */
export async function beginImport(db: Session, runId: string, origin: string): Promise<number> {
  const [row] = await db.query<{ id: number }>(sql`
    insert into import (run_id, origin) values (${runId}, ${origin}) returning id
  `);
  if (row === undefined) throw new Error("an insert gave no row");
  return row.id;
}

export async function endImport(db: Session, id: number, complete: boolean): Promise<void> {
  await db.query(sql`update import set complete = ${complete} where id = ${id}`);
}

/** Keeps claims, the latest about each path. Committed when it returns. */
export async function recordClaims(
  session: DedicatedSession,
  importId: number,
  claims: readonly Claim[],
): Promise<void> {
  await session.transaction(async (db) => {
    await db.query(sql`
      create temp table if not exists claimed_now (
        folder text collate "C", name text collate "C", size bigint, mtime bigint, mtime_unit bigint, hash bytea
      )
    `);
    await db.query(sql`truncate claimed_now`);
    await db.copyIn("claimed_now (folder, name, size, mtime, mtime_unit, hash)", [copyText(claims.map(claimRow))]);
    await db.query(sql`
      insert into claim (folder, name, size, mtime, mtime_unit, hash, import_id)
      select distinct on (path_key(folder), name) folder, name, size, mtime, mtime_unit, hash, ${importId}::int
      from claimed_now
      on conflict (path_key(folder), name) do update set folder = excluded.folder, size = excluded.size,
        mtime = excluded.mtime, mtime_unit = excluded.mtime_unit, hash = excluded.hash, import_id = excluded.import_id
    `);
  });
}

function claimRow({ path, size, modified, modifiedPrecision, hash }: Claim) {
  const unit = modifiedPrecision === "s" ? 1_000_000_000n : 1n;
  return [folderOf(path), nameOf(path), size, modified, unit, `\\x${hash}`];
}

/** Files of the given sources that a claim fits: same path, same size, same time as far as the claim says it. */
const fitting = (sourceIds: readonly number[]) => sql`
  from source
  join folder on folder.source_id = source.id
  join file on file.folder_id = folder.id
  join claim on path_key(claim.folder) = path_key(concat_ws('/', source.root, nullif(folder.path, '')))
    and claim.name = file.name
  where source.id = any(${sourceIds}::int[]) and source.kind = 'source'
    and gone_at is null and not junk and file.size > 0 and claim.size = file.size
    and claim.mtime = file.mtime - mod(mod(file.mtime, mtime_unit) + mtime_unit, mtime_unit)`;

/**
 * Lets claims stand for the hashes of files that nobody has read yet.
 *
 * @returns Number of files whose hash is a claim now.
 */
export async function applyClaims(session: Session, sourceIds: readonly number[]): Promise<number> {
  const [any] = await session.query(sql`select from claim limit 1`);
  if (any === undefined) return 0;
  const [{ applied } = { applied: 0 }] = await session.query<{ applied: number }>(sql`
    with fit as materialized (select file.id, claim.hash ${fitting(sourceIds)} and file.hash is null), applied as (
      update file set hash = fit.hash, claimed = true from fit where file.id = fit.id returning file.id
    )
    select count(*)::float8 as applied from applied
  `);
  return applied;
}

/** Several files that another program takes for equal. */
export interface ClaimedEqual {
  /** Absolute. */
  readonly paths: readonly PathText[];
}

/** What the inventory knows of a group that another program takes for equal. */
export interface Judgement {
  /**
   * "confirmed": all of it have been read, and have one content; "contradicted": two of them have different ones, or
   * different sizes; "open": not all are known and read.
   */
  readonly verdict: "confirmed" | "contradicted" | "open";
  /** Of a contradicted group: a file of it. */
  readonly source: string | null;
  readonly path: PathText | null;
}

/** Holds groups against what we have read ourselves, as far as we have. In the order given. */
export async function judgeGroups(session: DedicatedSession, groups: readonly ClaimedEqual[]): Promise<Judgement[]> {
  return session.transaction(async (db) => {
    await db.query(sql`
      create temp table if not exists judged (number int, folder text collate "C", name text collate "C")
    `);
    await db.query(sql`truncate judged`);
    const rows = groups.flatMap(({ paths }, number) => paths.map((path) => [number, folderOf(path), nameOf(path)]));
    await db.copyIn("judged (number, folder, name)", [copyText(rows)]);
    const judgements = await db.query<Judgement>(sql`
      with root as materialized (
        select folder.id as folder_id, source.name as source,
          path_key(concat_ws('/', source.root, nullif(folder.path, ''))) as key, folder.path
        from source join folder on folder.source_id = source.id
        where path_key(concat_ws('/', source.root, nullif(folder.path, ''))) in (select path_key(folder) from judged)
      ), known as (
        select number, root.source, concat_ws('/', nullif(root.path, ''), judged.name) as path, file.size,
          case when not claimed then file.hash end as hash, file.id
        from judged
        left join root on root.key = path_key(judged.folder)
        left join file on file.folder_id = root.folder_id and file.name = judged.name and gone_at is null
      )
      select case when count(distinct hash) > 1 or count(distinct size) > 1 then 'contradicted'
          when count(*) = count(hash) then 'confirmed' else 'open' end as verdict,
        (array_agg(source order by source, path) filter (where id is not null))[1] as source,
        (array_agg(path order by source, path) filter (where id is not null))[1] as path
      from known group by number order by number
    `);
    return judgements;
  });
}

/** A claim that cannot be true: the file was read, and its size and time are still what they were. */
export interface Contradiction {
  readonly source: string;
  readonly path: PathText;
  /** Who claims it. */
  readonly origin: string;
}

/** Claims that what we have read ourselves contradicts. In the order of the places. */
export async function* contradictedClaims(
  session: Session,
  sourceIds: readonly number[],
): AsyncGenerator<Contradiction[], void, undefined> {
  yield* session.stream<Contradiction>(sql`
    select source.name as source, concat_ws('/', nullif(folder.path, ''), file.name) as path,
      (select origin from import where import.id = import_id) as origin
    ${fitting(sourceIds)} and not claimed and file.hash <> claim.hash
    order by source.name, folder.path, file.name
  `);
}

/** Number of files of the given sources whose hash is a claim. */
export async function countClaimed(session: Session, sourceIds: readonly number[]): Promise<number> {
  const [{ count } = { count: 0 }] = await session.query<{ count: number }>(sql`
    select count(*)::float8 as count from file join folder on folder.id = file.folder_id
    where claimed and gone_at is null and not junk and source_id = any(${sourceIds}::int[])
  `);
  return count;
}
