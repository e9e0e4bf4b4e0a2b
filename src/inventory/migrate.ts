import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { AppError, ExitCode } from "../model/errors.ts";
import { type Database, type DedicatedSession, type Session, sql } from "./database.ts";
import { sqlState } from "./database-errors.ts";
import { prepareSchema } from "./rights.ts";

/** One numbered file of SQL, "0001-inventory.sql". */
interface Migration {
  readonly number: number;
  readonly name: string;
  readonly path: string;
}

interface Applied {
  readonly number: number;
  readonly name: string;
}

/** Migrations as they lie in the project and in the package: beside `dist`. */
export const migrationFolder = fileURLToPath(new URL("../../../migrations", import.meta.url));
/** Released with the session. */
const lockMigrations = (schema: string | null) => sql`
  select pg_advisory_lock(hashtextextended('onefold migrate ' || coalesce(${schema}::text, current_schema(), ''), 0))`;
const oldestServer = { number: 140000, name: "14" };

/**
 * Brings the tables in the current schema up to this program's version: one round trip if they are. A schema that was
 * asked for is made if it is not there. Each migration is one transaction; of several starters one migrates, the others
 * wait for it.
 *
 * @throws AppError DATABASE_TOO_NEW, DATABASE_TOO_OLD, DATABASE_ENCODING, DATABASE_NOT_ALLOWED, DATABASE_SCHEMA_TAKEN;
 *   nothing was changed then
 */
export async function migrate(database: Database, folder: string = migrationFolder): Promise<void> {
  const known = await readMigrations(folder);
  if (missing(known, await appliedIn(database)).length === 0) return;
  await using session = await database.session();
  // Released with the session.
  await session.query(lockMigrations(database.schema));
  const applied = await appliedIn(session);
  if (applied.length === 0) {
    await checkServer(session, database.url);
    await prepareSchema(session, database);
  }
  for (const migration of missing(known, applied)) await apply(session, migration);
}

/** A server and schema in which onefold can work. */
export interface Readiness {
  /** "18.1", as the server calls itself. */
  readonly serverVersion: string;
  readonly schema: string;
  /** Of our migrations; both count. */
  readonly applied: number;
  readonly missing: number;
}

/**
 * Whether {@link migrate}, and the work after it, will be allowed here. Leaves the database as it is: where there are
 * no tables yet, they are made in a transaction that is taken back.
 *
 * @throws AppError as migrate does, DATABASE_READ_ONLY besides
 */
export async function checkReadiness(database: Database, folder: string = migrationFolder): Promise<Readiness> {
  const applied = await appliedIn(database);
  const left = missing(await readMigrations(folder), applied);
  await checkServer(database, database.url);
  const [found] = await database.query<{
    version: string;
    schema: string;
    temporary: boolean;
    readOnly: boolean;
  }>(sql`
    select current_setting('server_version') as version,
      current_schema()::text as schema,
      has_database_privilege(current_database(), 'temporary') as temporary,
      current_setting('transaction_read_only')::boolean as "readOnly"`);
  if (found === undefined) throw new Error("a select without from returned no row");
  if (found.readOnly) throw readOnlyServer(database.url);
  if (!found.temporary) throw noTemporaryTables(database.url);
  if (applied.length === 0) await tryMigrations(database, left);
  return { serverVersion: found.version, schema: found.schema, applied: applied.length, missing: left.length };
}

/** Nobody else's tables can be in the way of new ones, so this waits for no lock but that of another starter. */
async function tryMigrations(database: Database, migrations: readonly Migration[]): Promise<void> {
  await using session = await database.session();
  await session.query(lockMigrations(database.schema));
  // Somebody else has just made them: then they can be made.
  if ((await appliedIn(session)).length > 0) return;
  await session.query(sql`begin`);
  await prepareSchema(session, database);
  // Never committed: the connection is closed with the session.
  for (const migration of migrations) await translated(() => applyIn(session, migration));
}

/** What is still to be applied, in order. */
function missing(known: readonly Migration[], applied: readonly Applied[]): readonly Migration[] {
  const newest = known.at(-1)?.number ?? 0;
  for (const { number, name } of applied) {
    if (number > newest) throw tooNew(number, newest);
    const mine = known.find((migration) => migration.number === number);
    if (mine?.name !== name)
      throw schemaTaken(`its migration ${number} is "${name}", ours "${mine?.name ?? "missing"}"`);
  }
  return known.filter(({ number }) => !applied.some((one) => one.number === number));
}

async function readMigrations(folder: string): Promise<readonly Migration[]> {
  const files = (await readdir(folder)).sort();
  return files.flatMap((file) => {
    const [, number, name] = /^(\d{4})-(.+)\.sql$/.exec(file) ?? [];
    return name === undefined ? [] : [{ number: Number(number), name, path: join(folder, file) }];
  });
}

/** Of the table in the schema that is ours only: others on the search path are none of our business. */
async function appliedIn(session: Session): Promise<readonly Applied[]> {
  try {
    return await session.query<Applied>(sql`
      select m.number::int4, m.name::text, m.applied_at
      from migration m
      join pg_class c on c.oid = m.tableoid
      join pg_namespace n on n.oid = c.relnamespace
      where n.nspname = current_schema()
      order by m.number`);
  } catch (error) {
    // No such table; or no such column: then it is another program's, which shows when ours is made.
    if (["42P01", "42703", "3F000"].includes(sqlState(error) ?? "")) return [];
    throw error;
  }
}

async function checkServer(session: Session, url: string): Promise<void> {
  const [found] = await session.query<{ version: number; encoding: string }>(sql`
    select current_setting('server_version_num')::int4 as version, current_setting('server_encoding') as encoding`);
  if (found === undefined) throw new Error("a select without from returned no row");
  if (found.version < oldestServer.number) {
    throw new AppError("DATABASE_TOO_OLD", ExitCode.refused, `${url} is older than PostgreSQL ${oldestServer.name}`, {
      hint: "Update the server, or let onefold use its embedded one.",
    });
  }
  if (found.encoding !== "UTF8") {
    throw new AppError("DATABASE_ENCODING", ExitCode.refused, `${url} has the encoding ${found.encoding}, not UTF8`, {
      hint: "Create a database for onefold: create database onefold owner onefold encoding 'UTF8' template template0.",
    });
  }
}

async function apply(session: DedicatedSession, migration: Migration): Promise<void> {
  await translated(() => session.transaction((transaction) => applyIn(transaction, migration)));
}

async function applyIn(transaction: Session, { number, name, path }: Migration): Promise<void> {
  const text = await readFile(path, "utf8");
  if (number === 1) await transaction.query(migrationTable);
  await transaction.query({ text, values: [] });
  await transaction.query(sql`insert into migration (number, name) values (${number}, ${name})`);
}

async function translated(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const state = sqlState(error);
    // duplicate table (index, view), function, object; a table of this name that is not like ours.
    if (error instanceof Error && ["42P07", "42723", "42710", "42P16"].includes(state ?? "")) {
      throw schemaTaken(error.message, error);
    }
    throw error;
  }
}

const migrationTable = sql`
  create table migration (
    number int primary key,
    name text not null,
    applied_at timestamptz not null default now()
  )`;

function tooNew(theirs: number, ours: number): AppError {
  const message = `the database was made by a newer onefold (version ${theirs} of its tables, this one knows ${ours})`;
  return new AppError("DATABASE_TOO_NEW", ExitCode.refused, message, { hint: "Update onefold." });
}

function schemaTaken(reason: string, cause?: unknown): AppError {
  const message = `the database's schema is used by something else: ${reason}`;
  return new AppError("DATABASE_SCHEMA_TAKEN", ExitCode.refused, message, {
    cause,
    hint: 'Give onefold a schema of its own: database-schema = "onefold" in the config, or ONEFOLD_SCHEMA=onefold.',
  });
}

function noTemporaryTables(url: string): AppError {
  return new AppError("DATABASE_NOT_ALLOWED", ExitCode.refused, `${url} does not let us create temporary tables`, {
    hint: "As the server's administrator: grant temporary on database … to onefold's role.",
  });
}

function readOnlyServer(url: string): AppError {
  return new AppError(
    "DATABASE_READ_ONLY",
    ExitCode.refused,
    `${url} takes no changes: it is a standby, or read-only`,
    {
      hint: "Name the primary server, or take default_transaction_read_only away from the role and the database.",
    },
  );
}
