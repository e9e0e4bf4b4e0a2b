import { type DedicatedSession, sql } from "./database.ts";

/**
 * Finds, for the session, what stands in the way below by-source/ since a source changed: a file where one
 * of its folders wants to be (`mirror_folder_taken`), or a folder where one of its files does (`mirror_name_taken`).
 * Needs the planned sources. Time grows with the number of folders.
 */
export async function findMirrorObstacles(session: DedicatedSession, archiveId: number): Promise<void> {
  await session.query(sql`
    create temp table mirror_folder_taken as
    with recursive above as (
      select distinct source_id, planned_source.name collate "C" as source, folder.path as at
      from planned_source join folder using (source_id)
      where folder.path <> '' and exists (select from file where folder_id = folder.id and gone_at is null)
      union
      select source_id, source, regexp_replace(at, '/[^/]*$', '') from above where at like '%/%'
    ), taken as materialized (
      select above.source_id, at
      from above
      join folder as there on there.source_id = ${archiveId}
        and path_key(there.path) = path_key('by-source/' || source || regexp_replace('/' || at, '/[^/]*$', ''))
      join file on file.folder_id = there.id and file.name = regexp_replace(at, '^.*/', '') and file.gone_at is null
    )
    select folder.id as folder_id, at
    from taken join folder on folder.source_id = taken.source_id
      and (folder.path = at or starts_with(folder.path, at || '/'))
  `);
  await session.query(sql`
    create temp table mirror_name_taken as
    with recursive above as (
      select folder.path as at from folder
      where source_id = ${archiveId} and starts_with(folder.path, 'by-source/')
        and exists (select from file where folder_id = folder.id and gone_at is null)
      union
      select regexp_replace(at, '/[^/]*$', '') from above where at like '%/%/%/%'
    ), below as materialized (
      select split_part(at, '/', 2) as source, regexp_replace(at, '^[^/]*/[^/]*/', '') as path
      from above where at like '%/%/%'
    )
    select folder.id as folder_id, file.name
    from below
    join planned_source on planned_source.name = below.source
    join folder on folder.source_id = planned_source.source_id
      and path_key(folder.path) = path_key(case when below.path like '%/%' then regexp_replace(below.path, '/[^/]*$', '') else '' end)
    join file on file.folder_id = folder.id and file.name = regexp_replace(below.path, '^.*/', '') and file.gone_at is null
  `);
  await session.query(sql`create index on mirror_folder_taken (folder_id)`);
  await session.query(sql`create index on mirror_name_taken (folder_id, name)`);
  await session.query(sql`analyze mirror_folder_taken, mirror_name_taken`);
}
