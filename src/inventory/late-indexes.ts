import { type Database, sql } from "./database.ts";

/**
 * Drops the indexes that a first scan does not need, if there is no file yet: to make them of all rows in the end takes
 * a fraction of what it takes to keep them up row by row. Whoever may not, since the tables are another role's, keeps them.
 */
export async function postponeIndexes(database: Database): Promise<void> {
  await database.transaction(async (db) => {
    const [{ may } = { may: false }] = await db.query<{ may: boolean }>(sql`
      select pg_has_role(relowner, 'usage') and not exists (select from file) as may
      from pg_class where oid = 'file'::regclass
    `);
    if (may) await db.query(sql`drop index if exists file_size, file_hash`);
  });
}

/** Makes those that are missing, be it that a scan was killed before it came to that. */
export async function makeIndexes(database: Database): Promise<void> {
  const [{ missing } = { missing: true }] = await database.query<{ missing: boolean }>(sql`
    select to_regclass('file_size') is null or to_regclass('file_hash') is null as missing
  `);
  if (!missing) return;
  await database.query(sql`create index if not exists file_size on file (size) where gone_at is null`);
  await database.query(sql`create index if not exists file_hash on file (hash) where hash is not null`);
}
