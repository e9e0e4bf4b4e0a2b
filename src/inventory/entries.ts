import { type Session, sql } from "./database.ts";

/**
 * Makes files that the archive holds already, wherever they lie outside by-source/, the entries
 * of their contents: the first in order of path where there are several.
 */
export async function adoptEntries(db: Session, archiveId: number): Promise<void> {
  await db.query(sql`
    insert into entry (archive_id, hash, file_id)
    select distinct on (file.hash) ${archiveId}, file.hash, file.id
    from file join folder on folder.id = file.folder_id
    where folder.source_id = ${archiveId} and file.gone_at is null and not file.junk and file.hash is not null
      and folder.path <> 'by-source' and not starts_with(folder.path, 'by-source/')
      and not exists (select from entry where archive_id = ${archiveId} and entry.hash = file.hash)
    order by file.hash, folder.path, file.name
    on conflict do nothing
  `);
}
