import type { PathText } from "../model/path.ts";
import { type DedicatedSession, type Session, sql } from "./database.ts";

/** A folder of which files were not seen. */
export interface UnseenFolder {
  readonly id: number;
  readonly path: PathText;
}

/**
 * Finds what this scan did not see, of what `mergeSeen` noted. Call it after the walk, before {@link unseenFolders} and
 * {@link markGone}.
 */
export async function findUnseen(session: DedicatedSession, sourceId: number): Promise<void> {
  await session.query(sql`analyze seen_folder`);
  await session.query(sql`analyze seen_file`);
  await session.query(sql`
    create temp table unseen as
    select file.id, file.folder_id
    from file join folder on folder.id = file.folder_id
    where folder.source_id = ${sourceId} and file.gone_at is null
      and not exists (select from seen_folder where seen_folder.id = folder.id)
      and not exists (select from seen_file where seen_file.id = file.id)
  `);
}

/** Folders that miss files, a page at a time, by their ids. @param after The last id of the page before; 0 at first. */
export function unseenFolders(session: Session, after: number): Promise<UnseenFolder[]> {
  return session.query<UnseenFolder>(sql`
    select id::float8 as id, path from folder
    where id > ${after} and id in (select folder_id from unseen)
    order by id limit 1000
  `);
}

class TakenBack extends Error {}

/**
 * Marks as gone what this scan did not see. Call it only after a walk that could look
 * everywhere. Their rows stay: a file that comes back is known by its size and times.
 *
 * @param mayGo Asked with their number, before it counts; it may call {@link countLost}.
 * @returns Number of files that were there before and are not any more; null: `mayGo` said no, and none counts as gone.
 */
export async function markGone(
  session: DedicatedSession,
  mayGo: (db: Session, gone: number) => Promise<boolean>,
): Promise<number | null> {
  try {
    return await session.transaction(async (db) => {
      const [{ gone } = { gone: 0 }] = await db.query<{ gone: number }>(sql`
        with missing as (
          update file set gone_at = now()
          from unseen
          where file.id = unseen.id and not exists (select from seen_file where seen_file.id = file.id)
          returning file.id
        ), entries as (
          delete from entry using missing where entry.file_id = missing.id
        )
        select count(*)::float8 as gone from missing
      `);
      if (!(await mayGo(db, gone))) throw new TakenBack();
      return gone;
    });
  } catch (error) {
    if (error instanceof TakenBack) return null;
    throw error;
  }
}

/**
 * How many of the files that were just marked as gone stood in the last complete scan and are not under another folder
 * now, with their name, size and time. What appeared after that scan does not count, be it that a wrong disk was scanned
 * in between.
 */
export async function countLost(db: Session, sourceId: number): Promise<number> {
  const [{ lost } = { lost: 0 }] = await db.query<{ lost: number }>(sql`
    with missing as materialized (
      select file.name, file.size, file.mtime
      from file join folder on folder.id = file.folder_id join source on source.id = folder.source_id
      where source.id = ${sourceId} and gone_at = now() and recorded_at <= scanned_at
    ), added as materialized (
      select file.name, file.size, file.mtime
      from file join folder on folder.id = file.folder_id join source on source.id = folder.source_id
      where source.id = ${sourceId} and gone_at is null and recorded_at > scanned_at
    ), moved as (
      select least(gone.number, new.number) as number
      from (select name, size, mtime, count(*) as number from missing group by name, size, mtime) as gone
      join (select name, size, mtime, count(*) as number from added group by name, size, mtime) as new
        using (name, size, mtime)
    )
    select ((select count(*) from missing) - (select coalesce(sum(number), 0) from moved))::float8 as lost
  `);
  return lost;
}
