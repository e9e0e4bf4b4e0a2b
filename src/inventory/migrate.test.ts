import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { testDatabase } from "../testing/database.ts";
import { temporaryFolder } from "../testing/folder.ts";
import { openDatabase, sql } from "./database.ts";
import { checkReadiness, migrate, migrationFolder } from "./migrate.ts";
import { dumpSchema } from "./schema-dump.ts";

const noTables = { migrations: null };
const first = "create table thing (n int); create view things as select n from thing;";

async function migrations(files: Record<string, string>): Promise<{ readonly path: string } & AsyncDisposable> {
  const folder = await temporaryFolder();
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder.path, name), text);
  return folder;
}

const applied = sql`select number, name from migration order by number`;

test("applies each migration once, in order, and new ones later", async () => {
  await using fresh = await testDatabase(noTables);
  await using old = await migrations({ "0001-first.sql": first, "schema.sql": "nonsense" });
  await using newer = await migrations({ "0002-second.sql": "alter table thing add m int", "0001-first.sql": first });
  await migrate(fresh.database, old.path);
  await fresh.database.query(sql`insert into thing values (1)`);
  await migrate(fresh.database, old.path);
  await migrate(fresh.database, newer.path);

  assert.deepEqual(await fresh.database.query(sql`select * from thing`), [{ n: 1, m: null }]);
  assert.deepEqual(await fresh.database.query(applied), [
    { number: 1, name: "first" },
    { number: 2, name: "second" },
  ]);
});

test("of several starters one migrates, the others wait for it", async () => {
  await using fresh = await testDatabase(noTables);
  await using folder = await migrations({ "0001-first.sql": first, "0002-slow.sql": "select pg_sleep(0.2)" });
  await Promise.all(Array.from({ length: 4 }, () => migrate(fresh.database, folder.path)));

  assert.equal((await fresh.database.query(applied)).length, 2);
});

test("a migration that fails leaves nothing of itself", async () => {
  await using fresh = await testDatabase(noTables);
  await using folder = await migrations({ "0001-first.sql": `${first} select 1 / 0;` });

  await assert.rejects(migrate(fresh.database, folder.path), { code: "22012" });
  assert.deepEqual(await fresh.database.query(sql`select to_regclass('thing') as t, to_regclass('migration') as m`), [
    { t: null, m: null },
  ]);
});

test("a database made by a newer program is refused", async () => {
  await using fresh = await testDatabase(noTables);
  await using old = await migrations({ "0001-first.sql": first });
  await using newer = await migrations({ "0001-first.sql": first, "0002-second.sql": "select 1" });
  await migrate(fresh.database, newer.path);

  await assert.rejects(migrate(fresh.database, old.path), { code: "DATABASE_TOO_NEW", exitCode: 4, hint: /Update/ });
});

test("tables of another program are never touched", async () => {
  await using folder = await migrations({ "0001-first.sql": first });
  for (const theirs of [
    "create table things (a text)",
    "create table migration (version text)",
    "create view thing as select 1",
  ]) {
    await using fresh = await testDatabase(noTables);
    await fresh.database.query({ text: theirs, values: [] });
    const names = sql`select array_agg(relname::text order by relname) as names from pg_class where relnamespace = 'public'::regnamespace`;
    const before = await fresh.database.query(names);

    await assert.rejects(migrate(fresh.database, folder.path), {
      code: "DATABASE_SCHEMA_TAKEN",
      exitCode: 4,
      hint: /database-schema/,
    });
    assert.deepEqual(await fresh.database.query(names), before);
  }
});

test("a table of the same name in another schema of the search path is not ours", async () => {
  await using fresh = await testDatabase(noTables);
  await using folder = await migrations({ "0001-first.sql": first });
  await migrate(fresh.database, folder.path);
  await fresh.database.query(sql`create schema own`);
  const options = "-c search_path=own,public";
  await using database = await openDatabase({ ...fresh.config, client: { ...fresh.config.client, options } });
  await migrate(database, folder.path);

  assert.deepEqual(await database.query(sql`select to_regclass('own.thing')::text as thing`), [{ thing: "thing" }]);
});

test("a role that may not create tables is told which grant it needs", async () => {
  await using fresh = await testDatabase(noTables);
  await using folder = await migrations({ "0001-first.sql": first });
  await fresh.database.query(sql`create role guest login`);
  try {
    await using database = await openDatabase({ ...fresh.config, client: { ...fresh.config.client, user: "guest" } });

    await assert.rejects(migrate(database, folder.path), {
      code: "DATABASE_NOT_ALLOWED",
      exitCode: 4,
      hint: /create schema authorization/,
    });
    await fresh.database.query(sql`create schema authorization guest`);
    await migrate(database, folder.path);
    await database[Symbol.asyncDispose]();
  } finally {
    await fresh.database.query(sql`drop owned by guest`);
    await fresh.database.query(sql`drop role guest`);
  }
});

test("a schema that is asked for is made, whatever its name, and holds all tables and nothing else does", async () => {
  await using fresh = await testDatabase(noTables);
  const names = [
    "photos",
    "Photos",
    'a "b"',
    "a; drop table run; --",
    "back\\slash, comma",
    "größe 日本",
    "select",
    "x".repeat(63),
  ];
  const dumps = new Set<string>();
  for (const schema of names) {
    const starters = await Promise.all([1, 2, 3].map(() => openDatabase(fresh.config, { schema })));
    await Promise.all(starters.map((one) => migrate(one)));
    for (const one of starters) {
      dumps.add(await dumpSchema(one));
      await one[Symbol.asyncDispose]();
    }
  }
  const [schema = ""] = dumps;
  const tablesAndViews = schema.match(/^(?:table|view) /gm)?.length;
  const tables = await fresh.database.query<{ schema: string; tables: number }>(sql`
    select nspname::text as schema, count(*)::int4 as tables from pg_class join pg_namespace n on n.oid = relnamespace
    where relkind in ('r', 'v') and nspname !~ '^pg_|^information_schema$' group by 1`);

  assert.deepEqual(
    new Map(tables.map(({ schema, tables }) => [schema, tables])),
    new Map(names.map((name) => [name, tablesAndViews])),
  );
  assert.deepEqual([...dumps], [await readFile(join(migrationFolder, "schema.sql"), "utf8")]);
});

test("is one round trip when there is nothing to do", async () => {
  await using fresh = await testDatabase();
  await migrate(fresh.database);
  let queries = 0;
  const counting: typeof fresh.database = {
    ...fresh.database,
    query: (query) => {
      queries++;
      return fresh.database.query(query);
    },
    session: () => assert.fail("a session of its own"),
  };
  await migrate(counting);

  assert.equal(queries, 1);
});

describe("checkReadiness", () => {
  const tables = sql`select array_agg(relname::text order by relname) as names from pg_class where relnamespace = 'public'::regnamespace`;

  test("says what is still to be done, and leaves the database as it is", async () => {
    await using folder = await migrations({ "0001-first.sql": first });
    await using fresh = await testDatabase(noTables);
    const before = await fresh.database.query(tables);
    const { applied, missing, schema } = await checkReadiness(fresh.database, folder.path);

    assert.deepEqual({ applied, missing, schema }, { applied: 0, missing: 1, schema: "public" });
    assert.deepEqual(await fresh.database.query(tables), before);
    await migrate(fresh.database, folder.path);
    assert.equal((await checkReadiness(fresh.database, folder.path)).missing, 0);
  });

  test("refuses what migrate refuses", async () => {
    await using folder = await migrations({ "0001-first.sql": first });
    await using taken = await testDatabase(noTables);
    await taken.database.query(sql`create table things (a text)`);
    await assert.rejects(checkReadiness(taken.database, folder.path), { code: "DATABASE_SCHEMA_TAKEN" });
    await using newer = await testDatabase();
    await assert.rejects(checkReadiness(newer.database, folder.path), { code: "DATABASE_SCHEMA_TAKEN" });
  });

  test("refuses a server that takes no changes, or no temporary tables", async () => {
    await using fresh = await testDatabase(noTables);
    const options = "-c default_transaction_read_only=on";
    await using reading = await openDatabase({ ...fresh.config, client: { ...fresh.config.client, options } });
    await assert.rejects(checkReadiness(reading), { code: "DATABASE_READ_ONLY", exitCode: 4 });

    await fresh.database.query(sql`create role visitor login`);
    try {
      await fresh.database.query(sql`create schema authorization visitor`);
      const name = fresh.config.client.database;
      await fresh.database.query({ text: `revoke temporary on database "${name}" from public`, values: [] });
      await using poor = await openDatabase({ ...fresh.config, client: { ...fresh.config.client, user: "visitor" } });
      await assert.rejects(checkReadiness(poor), { code: "DATABASE_NOT_ALLOWED", hint: /grant temporary/ });
    } finally {
      await fresh.database.query(sql`drop owned by visitor`);
      await fresh.database.query(sql`drop role visitor`);
    }
  });
});
