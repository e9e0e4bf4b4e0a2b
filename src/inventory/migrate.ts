import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { AppError, ExitCode } from "../model/errors.ts";
import { type Database, type DedicatedSession, type Session, sql } from "./database.ts";
import { sqlState } from "./database-errors.ts";
import { quotedIdentifier } from "./schema-name.ts";

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
  await session.query(sql`
    select pg_advisory_lock(hashtextextended('onefold migrate ' || coalesce(${database.schema}::text, current_schema(), ''), 0))`);
  const applied = await appliedIn(session);
  if (applied.length === 0) {
    await checkServer(session, database.url);
    await prepareSchema(session, database);
  }
  for (const migration of missing(known, applied)) await apply(session, migration);
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

/** What our role may do. Names are written as SQL takes them. */
interface Rights {
  readonly role: string;
  readonly database: string;
  /** Where tables go; null: to no schema that is there and that we may use. */
  readonly current: string | null;
  /** Whether the schema that was asked for is there, though we may not use it. */
  readonly closed: boolean;
  readonly createTables: boolean;
  readonly createSchemas: boolean;
  readonly temporary: boolean;
}

/** Makes the schema that was asked for, and finds out whether we may work in it: before anything is made. */
async function prepareSchema(session: Session, { schema, url }: Pick<Database, "schema" | "url">): Promise<void> {
  let rights = await rightsIn(session, schema);
  if (!rights.temporary) throw mayNotUseTemporary(url, rights);
  if (schema !== null && rights.current === null) {
    if (rights.closed || !rights.createSchemas) throw schemaMissing(url, schema, rights);
    await session.query({ text: `create schema ${quotedIdentifier(schema)}`, values: [] });
    rights = await rightsIn(session, schema);
  }
  if (!rights.createTables) throw mayNotCreate(url, schema, rights);
}

async function rightsIn(session: Session, schema: string | null): Promise<Rights> {
  const [rights] = await session.query<Rights>(sql`
    select quote_ident(current_user) as role, quote_ident(current_database()) as database,
      quote_ident(current_schema()) as current,
      exists (select from pg_namespace where nspname = ${schema}::text) as closed,
      coalesce(has_schema_privilege(current_schema(), 'create'), false) as "createTables",
      has_database_privilege(current_database(), 'create') as "createSchemas",
      has_database_privilege(current_database(), 'temporary') as temporary`);
  if (rights === undefined) throw new Error("a select without from returned no row");
  return rights;
}

async function apply(session: DedicatedSession, { number, name, path }: Migration): Promise<void> {
  const text = await readFile(path, "utf8");
  try {
    await session.transaction(async (transaction) => {
      if (number === 1) await transaction.query(migrationTable);
      await transaction.query({ text, values: [] });
      await transaction.query(sql`insert into migration (number, name) values (${number}, ${name})`);
    });
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

/** Refused, since to try again later does not help: somebody must grant something. Nothing was touched. */
function notAllowed(message: string, hint: string): AppError {
  return new AppError("DATABASE_NOT_ALLOWED", ExitCode.refused, message, { hint });
}

function schemaMissing(url: string, schema: string, { role, closed }: Rights): AppError {
  const name = quotedIdentifier(schema);
  return closed
    ? notAllowed(
        `${url} does not let ${role} use the schema ${name}`,
        `Have its owner run: grant usage, create on schema ${name} to ${role};`,
      )
    : notAllowed(
        `${url} has no schema ${name}, and ${role} may not make one`,
        `Have the database's owner run: create schema ${name} authorization ${role};`,
      );
}

function mayNotCreate(url: string, schema: string | null, { role, current }: Rights): AppError {
  if (current === null) {
    return notAllowed(
      `${url} has no schema for the tables of ${role}: none on its search path is there and open to it`,
      `Have the database's owner run: create schema authorization ${role};`,
    );
  }
  return notAllowed(
    `${url} does not let ${role} create tables in the schema ${current}`,
    schema === null
      ? `Have the database's owner run: create schema authorization ${role};`
      : `Have its owner run: grant usage, create on schema ${current} to ${role};`,
  );
}

function mayNotUseTemporary(url: string, { role, database }: Rights): AppError {
  return notAllowed(
    `${url} does not let ${role} use temporary tables`,
    `Have the database's owner run: grant temporary on database ${database} to ${role};`,
  );
}
