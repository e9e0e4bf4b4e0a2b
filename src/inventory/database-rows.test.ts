import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { CopyRows } from "../model/copy-rows.ts";
import { testDatabase } from "../testing/database.ts";
import { copyText } from "./copy-text.ts";
import { sql } from "./database.ts";

const noTables = { migrations: null };
const lines = (from: number, to: number) =>
  Buffer.from(Array.from({ length: to - from }, (_, n) => `${from + n}\tname ${from + n}\n`).join(""));

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

  test("takes what stands in the metadata of photos, but for NULs and halves of characters", async () => {
    await using fresh = await testDatabase(noTables);
    const { database } = fresh;
    await database.query(sql`create table t (facts jsonb)`);
    const pieces = fc.constantFrom(
      "\0",
      "\ud83d",
      "\udcf7",
      "\ud83d\udcf7",
      "\\u0000",
      "\\ud83d",
      "\\",
      '"',
      "u0000",
      "é",
      "a",
    );
    const texts = fc.array(pieces).map((some) => some.join(""));
    const clean = (text: string) => Buffer.from(text.replaceAll("\0", "")).toString();
    await fc.assert(
      fc.asyncProperty(texts, texts, async (camera, software) => {
        await database.query(sql`truncate t`);
        await database.copyIn("t (facts)", [copyText([[{ camera, more: [software] }]])]);
        assert.deepEqual(await database.query(sql`select facts from t`), [
          { facts: { camera: clean(camera), more: [clean(software)] } },
        ]);
      }),
    );
  });

  test("sends rows in binary, which arrive as they were written", async () => {
    await using fresh = await testDatabase(noTables);
    const { database } = fresh;
    await database.query(sql`create table t (n bigint, name text, yes boolean, hash bytea)`);
    const values = fc.record({
      n: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      name: fc.option(fc.string({ unit: "binary" }).filter((text) => !text.includes("\0"))),
      yes: fc.boolean(),
      hash: fc.option(fc.uint8Array({ maxLength: 40 })),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(values), fc.integer({ min: 1, max: 100 }), async (all, cut) => {
        const rows = new CopyRows(8);
        for (const { n, name, yes, hash } of all) {
          rows.row(4).int8(n);
          if (name === null) rows.none();
          else rows.text(name);
          rows.boolean(yes);
          if (hash === null) rows.none();
          else rows.bytea(Buffer.from(hash).toString("hex"));
        }
        const bytes = rows.take();
        const chunks = Array.from({ length: Math.ceil(bytes.length / cut) }, (_, at) =>
          bytes.subarray(at * cut, (at + 1) * cut),
        );
        await database.query(sql`truncate t`);

        assert.equal(await database.copyIn("t (n, name, yes, hash)", chunks, "binary"), all.length);
        const arrived = await database.query<{ hash: Buffer | null }>(sql`select n, name, yes, hash from t`);
        assert.deepEqual(
          arrived.map((row) => ({ ...row, hash: row.hash === null ? null : new Uint8Array(row.hash) })),
          all.map(({ n, name, yes, hash }) => ({ n, name, yes, hash })),
        );
      }),
    );
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
