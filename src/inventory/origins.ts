import type { Hash, Place } from "../model/file.ts";
import { folderOf, nameOf } from "../model/path.ts";
import type { EpochNs } from "../model/time.ts";
import { copyText } from "./copy-text.ts";
import { type DedicatedSession, type Session, sql } from "./database.ts";

/** A file of a source as a run read it. */
export interface Origin extends Place {
  readonly size: number;
  readonly modified: EpochNs;
  readonly changed: EpochNs;
  readonly hash: Hash;
  /** Changed within seconds of the reading: to be hashed again by the next scan. */
  readonly racy: boolean;
}

/** Makes the table that {@link addOrigins} collects in; it lives as long as the session. */
export async function beginOrigins(session: DedicatedSession): Promise<void> {
  await session.query(sql`
    create temp table if not exists told_origin (
      number bigint generated always as identity, source text collate "C", folder text collate "C",
      name text collate "C", size bigint, mtime bigint, ctime bigint, hash bytea, racy boolean
    )
  `);
  await session.query(sql`truncate told_origin`);
}

/** What is added later counts more. */
export async function addOrigins(session: Session, origins: readonly Origin[]): Promise<void> {
  if (origins.length === 0) return;
  await session.copyIn("told_origin (source, folder, name, size, mtime, ctime, hash, racy)", [
    copyText(
      origins.map(({ source, path, size, modified, changed, hash, racy }) => {
        return [source, folderOf(path), nameOf(path), size, modified, changed, `\\x${hash}`, racy];
      }),
    ),
  ]);
}

/** Where files of sources held these contents as they were added, whatever the inventory knows: at most `limit` each. */
export async function toldCopies(
  session: Session,
  hashes: readonly Hash[],
  limit: number,
): Promise<(Place & { readonly hash: Hash })[]> {
  return session.query(sql`
    select encode(asked.hash, 'hex') as hash, found.source, found.path
    from (select distinct decode(given, 'hex') as hash from unnest(${hashes}::text[]) as given) as asked
    cross join lateral (
      select source, case when folder = '' then name else folder || '/' || name end as path
      from told_origin where told_origin.hash = asked.hash order by number limit ${limit}
    ) as found
  `);
}

/** For {@link toldCopies}; call it when all are added. */
export async function indexOrigins(session: DedicatedSession): Promise<void> {
  await session.query(sql`create index if not exists told_origin_hash on told_origin (hash, number)`);
  await session.query(sql`analyze told_origin`);
}

/**
 * Tells the inventory the contents of files of known sources. Files that it does not know are added; of those that it
 * knows to have been read, or to look different now, nothing changes.
 *
 * @returns Number of files whose contents are known by that, or were before in the same way.
 */
export async function mergeOrigins(session: DedicatedSession): Promise<number> {
  return session.transaction(async (db) => {
    await db.query(sql`analyze told_origin`);
    await db.query(sql`
      create temp table latest_origin on commit drop as
      select distinct on (source_id, folder, told.name) source.id as source_id, told.*
      from told_origin as told join source on source.kind = 'source' and source.name = told.source
      order by source_id, folder, told.name, number desc
    `);
    await db.query(sql`
      insert into folder (source_id, path) select distinct source_id, folder from latest_origin on conflict do nothing
    `);
    const [{ known } = { known: 0 }] = await db.query<{ known: number }>(sql`
      with told as (
        insert into file (folder_id, name, size, mtime, ctime, junk, racy, hash)
        select folder.id, latest_origin.name, size, mtime, ctime, false, racy, hash
        from latest_origin
        join folder on folder.source_id = latest_origin.source_id and path_key(folder.path) = path_key(latest_origin.folder)
        on conflict (folder_id, name) do update set hash = excluded.hash, claimed = false,
          racy = case when file.hash is null or file.claimed then excluded.racy else file.racy end
        where file.size = excluded.size and file.mtime = excluded.mtime and file.ctime = excluded.ctime
          and (file.hash is null or file.claimed or file.hash = excluded.hash)
        returning id
      )
      select count(*)::float8 as known from told
    `);
    return known;
  });
}
