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
