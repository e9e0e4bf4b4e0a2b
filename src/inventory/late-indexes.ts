import { type Database, sql } from "./database.ts";

/**
 * Drops the indexes that a first scan does not need, if there is no file yet: to make them of all rows in the end takes
 * a fraction of what it takes to keep them up row by row.
 */
export async function postponeIndexes(database: Database): Promise<void> {
  await database.transaction(async (db) => {
    const [{ first } = { first: false }] = await db.query<{ first: boolean }>(sql`
      select not exists (select from file) as first
    `);
    if (first) await db.query(sql`drop index if exists file_size, file_hash`);
  });
}

/** Makes those that are missing, be it that a scan was killed before it came to that. */
export async function makeIndexes(database: Database): Promise<void> {
  await database.query(sql`create index if not exists file_size on file (size) where gone_at is null`);
  await database.query(sql`create index if not exists file_hash on file (hash) where hash is not null`);
}
