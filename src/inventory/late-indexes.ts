import { type Database, sql } from "./database.ts";

/**
 * For the beginning of a scan. Drops the indexes that a first scan does not need, if there is no file yet: to make them
 * of all rows in the end takes a fraction of what it takes to keep them up row by row. That of names stays: whatever goes on
 * after a scan was killed relies on it. Whoever may not, since the tables are another role's, keeps them all. Where
 * there are files, those that are missing are made, be it that a scan was killed before it came to that.
 */
export async function postponeIndexes(database: Database): Promise<void> {
  const isEmpty = await database.transaction(async (db) => {
    const [{ may, empty } = { may: false, empty: false }] = await db.query<{ may: boolean; empty: boolean }>(sql`
      select pg_has_role(relowner, 'usage') as may, not exists (select from file) as empty
      from pg_class where oid = 'file'::regclass
    `);
    if (may && empty) await db.query(sql`drop index if exists file_size, file_hash`);
    return empty;
  });
  if (!isEmpty) await makeIndexes(database);
}

/** Makes those that are missing, side by side. */
export async function makeIndexes(database: Database): Promise<void> {
  const [{ missing } = { missing: true }] = await database.query<{ missing: boolean }>(sql`
    select to_regclass('file_size') is null or to_regclass('file_hash') is null as missing
  `);
  if (!missing) return;
  await Promise.all([
    database.query(sql`create index if not exists file_size on file (size) where gone_at is null`),
    database.query(sql`create index if not exists file_hash on file (hash) where hash is not null`),
  ]);
}
