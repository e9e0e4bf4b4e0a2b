import type { SourceName } from "../model/file.ts";
import { type Session, sql } from "./database.ts";

/** What the inventory holds of one source. */
export interface SourceTotals {
  readonly name: SourceName;
  readonly files: number;
  readonly bytes: number;
  readonly junkFiles: number;
  readonly junkBytes: number;
  /** Files whose content has an entry in the archive. */
  readonly archivedFiles: number;
  readonly archivedBytes: number;
  /** End of the last scan that saw everything. */
  readonly scannedAt: Date | null;
}

/** Totals of each of the given sources, in the order given. Reads every row: about a second a million files. */
export function sourceTotals(
  db: Session,
  sourceIds: readonly number[],
  archiveId: number | null,
): Promise<SourceTotals[]> {
  return db.query<SourceTotals>(sql`
    select source.name, scanned_at as "scannedAt",
      count(file.id) filter (where not junk)::float8 as files,
      coalesce(sum(size) filter (where not junk), 0)::float8 as bytes,
      count(file.id) filter (where junk)::float8 as "junkFiles",
      coalesce(sum(size) filter (where junk), 0)::float8 as "junkBytes",
      count(entry.file_id) filter (where not junk)::float8 as "archivedFiles",
      coalesce(sum(size) filter (where not junk and entry.file_id is not null), 0)::float8 as "archivedBytes"
    from source
    left join folder on folder.source_id = source.id
    left join file on file.folder_id = folder.id and gone_at is null
    left join entry on archive_id = ${archiveId}::int and entry.hash = file.hash and not claimed
    where source.id = any(${sourceIds}::int[])
    group by source.id
    order by array_position(${sourceIds}::int[], source.id)
  `);
}

export interface ArchiveTotals {
  readonly entries: number;
  /** Bytes of the entries: what the archive takes, its links being free. */
  readonly bytes: number;
  /** Entries whose last reading gave another content than was recorded, or none. */
  readonly damaged: number;
}

export async function archiveTotals(db: Session, archiveId: number): Promise<ArchiveTotals> {
  const [totals] = await db.query<ArchiveTotals>(sql`
    select count(*)::float8 as entries, coalesce(sum(size), 0)::float8 as bytes,
      count(damaged_hash)::float8 as damaged
    from entry join file on file.id = entry.file_id
    where archive_id = ${archiveId}
  `);
  return totals ?? { entries: 0, bytes: 0, damaged: 0 };
}

/** Bytes the database takes on its disk. */
export async function databaseBytes(db: Session): Promise<number> {
  const [row] = await db.query<{ bytes: number }>(sql`select pg_database_size(current_database())::float8 as bytes`);
  return row?.bytes ?? 0;
}
