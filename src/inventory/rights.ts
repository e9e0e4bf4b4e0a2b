import { AppError, ExitCode } from "../model/errors.ts";
import { type Database, type Session, sql } from "./database.ts";
import { quotedIdentifier } from "./schema-name.ts";

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
export async function prepareSchema(
  session: Session,
  { schema, url }: Pick<Database, "schema" | "url">,
): Promise<void> {
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
