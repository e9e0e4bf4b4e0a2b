import type { SourceName } from "../model/file.ts";
import { type DedicatedSession, sql } from "./database.ts";

/** A source that takes part in a plan. */
export interface PlannedSource {
  readonly id: number;
  readonly name: SourceName;
}

export interface ArchivedTotals {
  /** Files of the sources whose content the archive held before the plan was made. */
  readonly alreadyArchived: number;
}

/**
 * Collects, for the session, the *newcomers*: files of the given sources whose content has no entry
 * in the archive. A content is known by its hash; where nobody needed to read the whole file, by
 * its inode or its row, since nothing else has its size and ends.
 *
 * @param sources In order of trust.
 */
export async function findNewcomers(
  session: DedicatedSession,
  archiveId: number,
  sources: readonly PlannedSource[],
): Promise<ArchivedTotals> {
  await session.query(sql`
    create temp table planned_source as
    select * from unnest(
      ${sources.map(({ id }) => id)}::int[], ${sources.map(({ name }) => name)}::text[]
    ) with ordinality as planned (source_id, name, rank)
  `);
  await session.query(sql`
    create temp table newcomer as
    select file.id as file_id, folder_id, rank::int, case
      when hash is not null then hash
      when inode is not null then sha256(convert_to(concat_ws(' ', source_id, device, inode), 'UTF8'))
      else int8send(file.id) end as content
    from file
    join folder on folder.id = file.folder_id
    join planned_source using (source_id)
    where gone_at is null and not junk
      and not exists (select from entry where archive_id = ${archiveId} and entry.hash = file.hash)
  `);
  await session.query(sql`create index on newcomer (content)`);
  await session.query(sql`create unique index on newcomer (file_id)`);
  await session.query(sql`analyze newcomer`);
  const [totals] = await session.query<ArchivedTotals>(sql`
    select count(*)::float8 as "alreadyArchived"
    from file
    join folder on folder.id = file.folder_id
    join planned_source using (source_id)
    join entry on archive_id = ${archiveId} and entry.hash = file.hash
    where gone_at is null and not junk
  `);
  return totals ?? { alreadyArchived: 0 };
}
