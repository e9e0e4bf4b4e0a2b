import type { JunkRule } from "./candidates.ts";
import { type Database, type Session, sql } from "./database.ts";
import { type DuplicateTotals, duplicateTotals } from "./duplicates.ts";

/** Which files were compared with one another. */
export interface Comparison {
  readonly sourceIds: readonly number[];
  readonly archiveId: number | null;
  readonly junk: JunkRule;
}

/** What comparing these files came to the last time; null if any file was written to since, or others were compared. */
export async function comparedBefore(db: Session, comparison: Comparison): Promise<DuplicateTotals | null> {
  const { archiveId, junk } = comparison;
  const [totals] = await db.query<DuplicateTotals>(sql`
    select groups::float8 as groups, files::float8 as files, bytes::float8 as bytes from compared
    where source_ids = ${inOrder(comparison)}::int[] and archive_id is not distinct from ${archiveId}::int
      and junk = ${junk}
  `);
  return totals ?? null;
}

/**
 * Counts duplicates, and remembers the numbers for {@link comparedBefore}. To be called when every file was compared
 * that had to be; where one is to be read again, since it may have changed while it was read, nothing is remembered.
 */
export async function rememberComparison(database: Database, comparison: Comparison): Promise<DuplicateTotals> {
  const { sourceIds, archiveId, junk } = comparison;
  return database.transaction(async (db) => {
    // Nobody writes to a file between the counting and the remembering.
    await db.query(sql`lock table file in share mode`);
    const { groups, files, bytes } = await duplicateTotals(db, sourceIds);
    await db.query(sql`delete from compared`);
    await db.query(sql`
      insert into compared (source_ids, archive_id, junk, groups, files, bytes)
      select ${inOrder(comparison)}::int[], ${archiveId}, ${junk}, ${groups}, ${files}, ${bytes}
      where not exists (select from file where racy and gone_at is null)
    `);
    return { groups, files, bytes };
  });
}

function inOrder({ sourceIds }: Comparison): number[] {
  return [...sourceIds].sort((one, other) => one - other);
}
