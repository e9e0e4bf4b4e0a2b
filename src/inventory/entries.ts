import type { Hash } from "../model/file.ts";
import { joinPath, type PathText } from "../model/path.ts";
import { type Session, sql } from "./database.ts";

/** A file of the archive whose content has no entry yet. */
export interface Adoptable {
  readonly fileId: number;
  /** Below the archive's root. */
  readonly path: PathText;
  readonly hash: Hash;
}

const perPage = 1_000;

/**
 * Files that the archive holds already, wherever they lie outside by-source/, of contents that have no entry: the
 * first in order of path where there are several. Page by page, each content once.
 */
export async function* adoptable(db: Session, archiveId: number): AsyncGenerator<Adoptable[], void, undefined> {
  for (let last = ""; ; ) {
    const rows = await db.query<{ fileId: number; folder: PathText; name: PathText; hash: Hash }>(sql`
      select distinct on (file.hash) file.id::float8 as "fileId", folder.path as folder, file.name,
        encode(file.hash, 'hex') as hash
      from file join folder on folder.id = file.folder_id
      where folder.source_id = ${archiveId} and file.gone_at is null and not file.junk
        and file.hash > decode(${last}, 'hex')
        and folder.path <> 'by-source' and not starts_with(folder.path, 'by-source/')
        and not exists (select from entry where archive_id = ${archiveId} and entry.hash = file.hash)
      order by file.hash, folder.path, file.name
      limit ${perPage}
    `);
    const page = rows.map(({ fileId, folder, name, hash }) => ({ fileId, path: joinPath(folder, name), hash }));
    if (page.length > 0) yield page;
    if (page.length < perPage) return;
    last = page.at(-1)?.hash ?? last;
  }
}

/** Makes files the entries of their contents. Call it after they are on the disk for good, never before. */
export async function adoptEntries(db: Session, archiveId: number, files: readonly Adoptable[]): Promise<void> {
  await db.query(sql`
    insert into entry (archive_id, hash, file_id)
    select ${archiveId}, file.hash, file.id
    from file
    where file.id = any(${files.map(({ fileId }) => fileId)}::bigint[]) and file.hash is not null
      and file.gone_at is null
    on conflict do nothing
  `);
}
