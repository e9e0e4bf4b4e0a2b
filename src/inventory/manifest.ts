import type { Hash } from "../model/file.ts";
import type { PathText } from "../model/path.ts";
import { type Query, type Session, sql } from "./database.ts";
import { pathColumn } from "./files.ts";

/** A file of the archive as it is recorded. */
export interface RecordedFile {
  readonly hash: Hash;
  /** Below the archive's root. */
  readonly path: PathText;
  /** Bytes. */
  readonly size: number;
}

/** The bytes that a path stands for, so that escapes sort as what they are. Few paths have any. */
const pathBytesColumn: Query = sql`
  case when position('\\' in path) = 0 then convert_to(path, 'UTF8') else (
    select string_agg(case when part[1] is null then convert_to(part[2], 'UTF8') else decode(part[1], 'hex') end,
      ''::bytea order by number)
    from regexp_matches(path, '\\\\x([0-9a-f]{2})|([^\\\\]+)', 'g') with ordinality as found (part, number)
  ) end`;

/** Every file of the archive whose content is known, or the entries alone, in the order of the bytes of their paths. */
export async function* recordedFiles(
  db: Session,
  archiveId: number,
  which: "all" | "entries",
): AsyncGenerator<RecordedFile[], void, undefined> {
  yield* db.stream<RecordedFile>(sql`
    with recorded as (
      select file.hash, ${pathColumn} as path, file.size
      from file join folder on folder.id = file.folder_id
      left join entry on entry.file_id = file.id and entry.archive_id = ${archiveId}
      where folder.source_id = ${archiveId} and file.gone_at is null and file.hash is not null and not file.claimed
        and (${which}::text = 'all' or entry.file_id is not null)
    )
    select encode(hash, 'hex') as hash, path, size::float8 as size from recorded order by ${pathBytesColumn}
  `);
}

/** Files of the archive that nobody has read yet, in folder order. */
export async function* unreadFiles(db: Session, archiveId: number): AsyncGenerator<PathText[], void, undefined> {
  const batches = db.stream<{ path: PathText }>(sql`
    select ${pathColumn} as path
    from file join folder on folder.id = file.folder_id
    where folder.source_id = ${archiveId} and gone_at is null and (hash is null or claimed)
    order by folder.path, file.name
  `);
  for await (const batch of batches) yield batch.map(({ path }) => path);
}
