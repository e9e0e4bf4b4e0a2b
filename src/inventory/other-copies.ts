import type { Hash } from "../model/file.ts";
import { type Session, sql } from "./database.ts";
import { type FileRow, fileColumns } from "./operations.ts";

/** A file with the same content as another one that could not be copied. */
export interface OtherCopy extends FileRow {
  readonly hash: Hash;
  /** Id of the file that could not be copied. */
  readonly insteadOf: number;
}

/**
 * Files of the planned sources that hold the content of the given ones and are others, most trusted first for each; none
 * for contents that have an entry by now. A file whose hash only another program has told is left out.
 */
export function otherCopies(session: Session, archiveId: number, fileIds: readonly number[]): Promise<OtherCopy[]> {
  return session.query<OtherCopy>(sql`
    select bad.id::float8 as "insteadOf", ${fileColumns}
    from unnest(${fileIds}::bigint[]) as asked (id)
    join file as bad on bad.id = asked.id
    join file on file.hash = bad.hash and file.id <> bad.id and not file.claimed and not file.junk and file.gone_at is null
    join folder on folder.id = file.folder_id
    join planned_source using (source_id)
    where not exists (select from entry where entry.archive_id = ${archiveId} and entry.hash = bad.hash)
    order by bad.id, planned_source.rank, folder.path, file.name
  `);
}
