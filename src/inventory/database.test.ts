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

describe("copyIn", () => {
  test("sends rows in chunks that are cut anywhere", async () => {
    await using fresh = await testDatabase(noTables);
    const { database } = fresh;
    await database.query(sql`create table t (n int, name text)`);
    const bytes = lines(0, 20_000);
    const chunks = Array.from({ length: Math.ceil(bytes.length / 777) }, (_, n) =>
      bytes.subarray(n * 777, (n + 1) * 777),
    );

    assert.equal(await database.copyIn("t (n, name)", chunks), 20_000);
    assert.deepEqual(await database.query(sql`select count(*)::int4, min(name), sum(n)::int8 from t`), [
      { count: 20_000, min: "name 0", sum: 199_990_000n },
    ]);
  });

  test("reads its rows only as fast as the server takes them", async () => {
    await using fresh = await testDatabase(noTables);
    const { database } = fresh;
    await database.query(sql`create table t (n int, name text)`);
    await using blocker = await database.session();
    await blocker.query(sql`begin`);
    await blocker.query(sql`lock table t`);
    let given = 0;
    const endless = async function* () {
      for (; given < 60; given++) yield lines(0, 10_000);
    };
    const copying = database.copyIn("t", endless());
    await new Promise((resolve) => setTimeout(resolve, 300));
    const before = given;
    await blocker.query(sql`commit`);

    assert.ok(before < 40, `${before} chunks of 150 kB were taken while the server waited`);
    assert.equal(await copying, 600_000);
  });

  test("leaves no row when what gives the rows fails, and the connection usable", async () => {
    await using fresh = await testDatabase(noTables);
    await using session = await fresh.database.session();
    await session.query(sql`create table t (n int, name text)`);
    const failing = async function* () {
      yield lines(0, 1000);
      throw Object.assign(new Error("disk gone"), { code: "EIO" });
    };
    const early: AsyncIterable<Uint8Array> = {
      [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new Error("at once")) }),
    };

    await assert.rejects(session.copyIn("t", failing()), { code: "EIO" });
    await assert.rejects(session.copyIn("t", early), { message: "at once" });
    assert.deepEqual(await session.query(sql`select * from t`), []);
    assert.equal(await session.copyIn("t", [lines(0, 10)]), 10);
    assert.equal(await session.copyIn("t", []), 0);
  });

  test("throws what the server says about a row, and closes what gives the rows", async () => {
    await using fresh = await testDatabase(noTables);
    await using session = await fresh.database.session();
    await session.query(sql`create table t (n int, name text)`);
    let closed = false;
    const rows = async function* () {
      try {
        yield Buffer.from("one\ttwo\n");
        for (let n = 0; n < 100_000; n++) yield lines(0, 1000);
      } finally {
        closed = true;
      }
    };

    await assert.rejects(session.copyIn("t", rows()), { code: "22P02" });
    await assert.rejects(session.copyIn("missing", [lines(0, 1)]), { code: "42P01" });
    assert.ok(closed);
    assert.equal(await session.copyIn("t", [lines(0, 10)]), 10);
  });

  test("notices a lost connection", async () => {
    await using fresh = await testDatabase(noTables);
    await using session = await fresh.database.session();
    await session.query(sql`create table t (n int, name text)`);
    const [me] = await session.query<{ pid: number }>(sql`select pg_backend_pid() as pid`);
    const rows = async function* () {
      yield lines(0, 1000);
      await fresh.database.query(sql`select pg_terminate_backend(${me?.pid}, 1000)`);
      for (let n = 0; n < 1000; n++) yield lines(0, 1000);
    };

    await assert.rejects(session.copyIn("t", rows()), { code: "DATABASE_LOST" });
  });
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

describe("stream", () => {
  const numbers = sql`select n::int4 from generate_series(1, ${2500}::int4) n order by n`;

  test("gives all rows in batches, outside and inside of a transaction", async () => {
    await using fresh = await testDatabase(noTables);
    const sizes = async (batches: AsyncIterable<unknown[]>) => {
      const found: number[] = [];
      for await (const batch of batches) found.push(batch.length);
      return found;
    };

    assert.deepEqual(await sizes(fresh.database.stream(numbers, 1000)), [1000, 1000, 500]);
    await fresh.database.transaction(async (session) => {
      assert.deepEqual(await sizes(session.stream(numbers, 1250)), [1250, 1250]);
      assert.deepEqual(await session.query(sql`select name from pg_cursors`), []);
    });
    await using session = await fresh.database.session();
    assert.deepEqual(await sizes(session.stream(numbers)), [2000, 500]);
  });

  test("keeps its rows while others change them", async () => {
    await using fresh = await testDatabase(noTables);
    const { database } = fresh;
    await database.query(sql`create table t as ${numbers}`);
    let rows = 0;
    for await (const batch of database.stream(sql`select * from t`, 100)) {
      rows += batch.length;
      await database.query(sql`delete from t`);
    }

    assert.equal(rows, 2500);
  });

  test("may be left early, and leaves no transaction open", async () => {
    await using fresh = await testDatabase(noTables);
    await using session = await fresh.database.session();
    await session.query(sql`create table t (n int)`);
    for await (const _ of session.stream(numbers, 10)) {
      await session.query(sql`insert into t values (1)`);
      break;
    }

    assert.deepEqual(await session.query(sql`select count(*)::int4 as rows from t`), [{ rows: 1 }]);
    assert.deepEqual(await session.query(sql`select now() = statement_timestamp() as own`), [{ own: true }]);
  });

  test("throws what the server says, also in the middle", async () => {
    await using fresh = await testDatabase(noTables);
    await using session = await fresh.database.session();
    const dividing = async () => {
      for await (const _ of session.stream(sql`select 1 / (n - 50) from generate_series(1, 100) n`, 10));
    };

    await assert.rejects(dividing(), { code: "22012" });
    assert.deepEqual(await session.query(sql`select 1 as one`), [{ one: 1 }]);
  });
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
