import type { Database } from "./database.ts";
import { sql } from "./database.ts";

/** Any number that means onefold's runs to every version of it. */
const runLockKey = 7_205_759_403;

/**
 * Holds the one right to scan and to change the archive that a database gives away; it ends with
 * its connection, however the process ends.
 *
 * @returns null if somebody else holds it.
 */
export async function holdRunLock(db: Database): Promise<AsyncDisposable | null> {
  const session = await db.session();
  const [row] = await session.query<{ held: boolean }>(sql`
    select pg_try_advisory_lock(hashtextextended(current_schema(), ${runLockKey}::bigint)) as held
  `);
  if (row?.held === true) return session;
  await session[Symbol.asyncDispose]();
  return null;
}

/** Whether somebody holds that right now. Asks without taking it, so that nobody is kept out by the question. */
export async function isRunLockHeld(db: Database): Promise<boolean> {
  const [row] = await db.query<{ held: boolean }>(sql`
    select exists (
      select from pg_locks
      where locktype = 'advisory' and granted and objsubid = 1
        and database = (select oid from pg_database where datname = current_database())
        and (classid::bigint << 32) | objid::bigint = hashtextextended(current_schema(), ${runLockKey}::bigint)
    ) as held
  `);
  return row?.held === true;
}
