import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { inspect } from "node:util";
import { testDatabase } from "../testing/database.ts";
import { type DatabaseConfig, openDatabase, sql } from "./database.ts";

const noTables = { migrations: null };
const lines = (from: number, to: number) =>
  Buffer.from(Array.from({ length: to - from }, (_, n) => `${from + n}\tname ${from + n}\n`).join(""));

describe("query", () => {
  test("gives big numbers, times and bytes back as they were", async () => {
    await using fresh = await testDatabase(noTables);
    const size = 9_007_199_254_740_993n;
    const time = new Date("1969-12-31T23:59:59.123Z");
    const [row] = await fresh.database.query(sql`
      select ${size}::int8 as size, ${time}::timestamptz as time, ${new Uint8Array([0, 255])}::bytea as hash,
        ${["a", 'b"\\,']}::text[] as names, ${[1n, size]}::int8[] as sizes, ${null}::text as nothing,
        '2019-07-04'::date as day, ${{ at: "2019" }}::jsonb as facts`);

    assert.deepEqual(row, {
      size,
      time,
      hash: Buffer.from([0, 255]),
      names: ["a", 'b"\\,'],
      sizes: [1n, size],
      nothing: null,
      day: "2019-07-04",
      facts: { at: "2019" },
    });
  });

  test("goes on after a lost connection", async () => {
    await using fresh = await testDatabase(noTables);
    await using other = await openDatabase(fresh.config);
    await fresh.database.query(sql`select 1`);
    await other.query(sql`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid()`);
    await new Promise((resolve) => setTimeout(resolve, 50));

    assert.deepEqual(await fresh.database.query(sql`select 1 as one`), [{ one: 1 }]);
  });

  test("that only reads is asked once more when the connection is lost under it, one that writes is not", async () => {
    await using fresh = await testDatabase(noTables);
    const { database } = fresh;
    await database.query(sql`create table t (n int)`);
    const whileLosing = async (text: string) => {
      const [rows] = await Promise.all([database.query({ text, values: [] }), loseConnections(fresh.config, text)]);
      return rows;
    };

    assert.equal((await whileLosing("select 1, pg_sleep(0.3)")).length, 1);
    await assert.rejects(whileLosing("with slow as (select pg_sleep(0.3)) insert into t select 1 from slow"), {
      code: "DATABASE_LOST",
      exitCode: 5,
    });
    assert.deepEqual(await database.query(sql`select * from t`), []);
  });

  test("that kills its own connection is not asked for ever", async () => {
    await using fresh = await testDatabase(noTables);
    const dying = fresh.database.query(sql`select pg_terminate_backend(pg_backend_pid()), pg_sleep(5)`);

    await assert.rejects(dying, { code: "DATABASE_LOST", exitCode: 5 });
  });
});

describe("transaction", () => {
  test("takes back what it did when its work throws", async () => {
    await using fresh = await testDatabase(noTables);
    const { database } = fresh;
    await database.query(sql`create table t (n int)`);
    const work = database.transaction(async (session) => {
      await session.query(sql`insert into t values (1)`);
      throw new Error("no");
    });

    await assert.rejects(work, { message: "no" });
    assert.deepEqual(await database.query(sql`select * from t`), []);
  });

  test("ends with the connection of a dedicated session, as do temp tables and locks", async () => {
    await using fresh = await testDatabase(noTables);
    {
      await using session = await fresh.database.session();
      await session.query(sql`create temp table staging (n int)`);
      await session.query(sql`select pg_advisory_lock(7)`);
      await session.transaction((inside) => inside.query(sql`insert into staging values (1)`));
      assert.deepEqual(await session.query(sql`select * from staging`), [{ n: 1 }]);
    }
    await using next = await fresh.database.session();

    assert.deepEqual(await next.query(sql`select to_regclass('staging') as t, pg_try_advisory_lock(7) as free`), [
      { t: null, free: true },
    ]);
  });
});

describe("a dedicated session that is lost", () => {
  test("takes all others with it, and tells why at once", async () => {
    await using fresh = await testDatabase(noTables);
    const { database } = fresh;
    await database.query(sql`create table t (n int)`);
    await using holder = await database.session();
    await using worker = await database.session();
    const [held] = await holder.query<{ pid: number }>(sql`select pg_backend_pid() as pid`);
    const working = Promise.allSettled([
      worker.transaction((session) => session.query(sql`insert into t select 1 from pg_sleep(60)`)),
      database.query(sql`select pg_sleep(60)`),
    ]);
    await using other = await openDatabase(fresh.config);
    await other.query(sql`select pg_terminate_backend(${held?.pid}, 1000)`);
    const started = performance.now();

    for (const ended of await working) {
      assert.ok(ended.status === "rejected");
      assert.match(inspect(ended.reason), /DATABASE_LOST/);
    }
    assert.equal(database.lost.aborted, true);
    for (const later of [
      () => database.query(sql`select 1`),
      () => holder.query(sql`select 1`),
      () => database.session(),
    ]) {
      await assert.rejects(later, { code: "DATABASE_LOST" });
    }
    await database[Symbol.asyncDispose]();
    assert.ok(performance.now() - started < 3_000);
    assert.deepEqual(await other.query(sql`select * from t`), []);
  });

  test("is not what the end of a session is", async () => {
    await using fresh = await testDatabase(noTables);
    for (let n = 0; n < 3; n++) await (await fresh.database.session())[Symbol.asyncDispose]();
    for await (const _ of fresh.database.stream(sql`select 1`)) break;

    assert.equal(fresh.database.lost.aborted, false);
  });
});

test("sessions beyond what a server takes wait for their turn, short work does not wait for them", async () => {
  await using fresh = await testDatabase(noTables);
  const { database } = fresh;
  let open = 0;
  let most = 0;
  const work = async () => {
    await using session = await database.session();
    most = Math.max(most, ++open);
    await session.query(sql`select 1`);
    assert.equal((await database.query(sql`select 1`)).length, 1);
    open--;
  };
  await Promise.all(Array.from({ length: 60 }, work));

  assert.ok(most > 8 && most <= 24, `${most}`);
});

test("one session may be asked many things at the same time: it asks the server one after the other", async () => {
  await using fresh = await testDatabase(noTables);
  const warnings: Error[] = [];
  const listen = (warning: Error) => void warnings.push(warning);
  process.on("warning", listen);
  await using session = await fresh.database.session();
  await session.query(sql`create table t (n int, name text)`);
  const slowly = async function* () {
    for (let n = 0; n < 5; n++) {
      await delay(5);
      yield lines(n, n + 1);
    }
  };
  const streamed = async () => {
    for await (const _ of session.stream(sql`select n from generate_series(1, 100) n`, 10));
  };
  await session.transaction(async (inside) => {
    const asked = Array.from({ length: 10 }, () => inside.query(sql`select count(*)::int4 as rows from t`));
    await Promise.all([...asked, inside.copyIn("t", slowly()), inside.copyIn("t", slowly()), streamed(), streamed()]);
  });
  await delay(10);
  process.off("warning", listen);

  assert.deepEqual(warnings, []);
  assert.deepEqual(await session.query(sql`select count(*)::int4 as rows from t`), [{ rows: 10 }]);
});

test("a schema that is asked for holds the tables", async () => {
  await using fresh = await testDatabase(noTables);
  await fresh.database.query(sql`create schema "My \\ schema"`);
  await using database = await openDatabase(fresh.config, { schema: "My \\ schema" });

  assert.deepEqual(await database.query(sql`select current_schema() as schema`), [{ schema: "My \\ schema" }]);
});

/** Ends every connection that works on a statement with this text, as soon as one does. */
async function loseConnections(config: DatabaseConfig, text: string): Promise<void> {
  await using other = await openDatabase(config);
  const losing = sql`select pg_terminate_backend(pid, 1000) from pg_stat_activity
    where datname = current_database() and state = 'active' and query = ${text}`;
  while ((await other.query(losing)).length === 0);
}

test("a database that is not there is named in the error", async () => {
  await using fresh = await testDatabase(noTables);
  const client = { ...fresh.config.client, database: "missing" };

  await assert.rejects(openDatabase({ url: "postgres://nas/missing", client }), {
    code: "DATABASE_MISSING",
    message: /postgres:\/\/nas\/missing/,
  });
});
