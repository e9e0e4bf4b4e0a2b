import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { CopyRows } from "../model/copy-rows.ts";
import type { PathText } from "../model/path.ts";
import { testDatabase } from "../testing/database.ts";
import { type Database, type DedicatedSession, sql } from "./database.ts";
import { findUnseen, markGone } from "./gone.ts";
import { beginScan, firstFolderOf, mergeSeen, type SeenFolder } from "./seen.ts";
import { isUnseen } from "./sources.ts";

/** Sizes of files by folder and name: what a disk shows. */
type Shown = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** As a walk tells it. @param first Number of the first folder. */
function walked(shown: Shown, first: number): SeenFolder[] {
  return Object.entries(shown)
    .filter(([, files]) => Object.keys(files).length > 0)
    .map(([path, files], number) => {
      const rows = new CopyRows();
      for (const [name, size] of Object.entries(files).sort()) {
        rows
          .row(10)
          .int8(BigInt(first + number))
          .text(name)
          .int8(BigInt(size))
          .int8(1n)
          .none()
          .none();
        rows.boolean(false).int8(1n).boolean(false).none();
      }
      const bytes = Object.values(files).reduce((sum, size) => sum + size, 0);
      return {
        ...{ number: first + number, path: path as PathText, files: Object.keys(files).length, bytes },
        ...{ rows: rows.take(), digest: Buffer.from(JSON.stringify(Object.entries(files).sort())).toString("hex") },
      };
    });
}

async function sourceIn(database: Database, name = "disk"): Promise<number> {
  const [row] = await database.query<{ id: number }>(sql`
    insert into source (kind, name, root) values ('source', ${name}, ${`/${name}`}) returning id
  `);
  assert.ok(row !== undefined);
  return row.id;
}

/** A scan that ends, or one that is killed before it looks for what is gone. */
async function scan(database: Database, sourceId: number, shown: Shown, { killed = false } = {}) {
  await using session = await database.session();
  await beginScan(session);
  const first = (await isUnseen(database, sourceId)) ? firstFolderOf(sourceId) : null;
  const seen = { sourceId, kind: "source", look: first === null ? "first" : "new" } as const;
  const counts = await mergeSeen(session, seen, { folders: walked(shown, first ?? 0) });
  if (!killed) await endScan(session, sourceId);
  return counts;
}

async function endScan(session: DedicatedSession, sourceId: number): Promise<void> {
  await findUnseen(session, sourceId);
  await markGone(session, async () => true);
}

async function knownIn(database: Database): Promise<Shown> {
  const rows = await database.query<{ path: string; name: string; size: number }>(sql`
    select path, name, size::int4 as size from file join folder on folder.id = folder_id where gone_at is null
  `);
  const known: Record<string, Record<string, number>> = {};
  for (const { path, name, size } of rows) known[path] = { ...known[path], [name]: size };
  return known;
}

const digests = (database: Database) =>
  database.query<{ path: string }>(sql`select path from folder where digest is not null order by path`);

test("a folder that looks as ever is not compared file by file, and its files count as seen", async () => {
  await using fresh = await testDatabase();
  const source = await sourceIn(fresh.database);
  const disk = { one: { a: 1, b: 2 }, two: { c: 3 } };

  assert.deepEqual(await scan(fresh.database, source, disk), { new: 3, changed: 0, unchanged: 0, bytes: 6 });
  assert.deepEqual(await digests(fresh.database), [{ path: "one" }, { path: "two" }]);
  assert.deepEqual(await scan(fresh.database, source, disk), { new: 0, changed: 0, unchanged: 3, bytes: 6 });
  assert.deepEqual(await knownIn(fresh.database), disk);
});

test("whoever writes what is known of a file, its folder is compared again", async () => {
  const writes = [
    sql`update file set size = 7 where name = 'a'`,
    sql`update file set ctime = 7 where name = 'a'`,
    sql`update file set gone_at = now() where name = 'a'`,
    sql`insert into file (folder_id, name, size, mtime, ctime, junk) select folder_id, 'z', 1, 1, 1, false from file
      where name = 'a'`,
  ];
  for (const write of writes) {
    await using fresh = await testDatabase();
    const source = await sourceIn(fresh.database);
    await scan(fresh.database, source, { one: { a: 1, b: 2 }, two: { c: 3 } });
    await fresh.database.query(write);

    assert.deepEqual(await digests(fresh.database), [{ path: "two" }], write.text);
    await scan(fresh.database, source, { one: { a: 1, b: 2 }, two: { c: 3 } });
    assert.deepEqual(await knownIn(fresh.database), { one: { a: 1, b: 2 }, two: { c: 3 } }, write.text);
  }
});

test("two new sources that are walked side by side keep their folders apart, and each goes on in its own", async () => {
  await using fresh = await testDatabase();
  const [one, two] = [await sourceIn(fresh.database, "one"), await sourceIn(fresh.database, "two")];
  const disk = { "": { a: 1 }, below: { b: 2 } };
  await Promise.all([scan(fresh.database, one, disk), scan(fresh.database, two, disk)]);
  const more = { ...disk, new: { c: 3 } };

  assert.deepEqual(await scan(fresh.database, one, more), { new: 1, changed: 0, unchanged: 2, bytes: 6 });
  assert.deepEqual(await scan(fresh.database, two, more), { new: 1, changed: 0, unchanged: 2, bytes: 6 });
  const [{ apart } = { apart: false }] = await fresh.database.query<{ apart: boolean }>(sql`
    select count(distinct id) = 6 and count(*) filter (where id < 2 ^ 40) = 2 as apart from folder
  `);
  assert.ok(apart);
});

test("after thousands of sources there are no more ids that are set aside, and it goes without", () => {
  assert.equal(firstFolderOf(8_190), 8_190 * 2 ** 40);
  assert.equal(firstFolderOf(8_191), null);
});

test("a file cannot lie in a folder that nobody knows", async () => {
  await using fresh = await testDatabase();
  const lost = fresh.database.query(sql`
    insert into file (folder_id, name, size, mtime, ctime, junk) values (4711, 'a', 1, 1, 1, false)
  `);

  await assert.rejects(lost);
});

test("whatever a disk showed scan by scan, killed or not: the last whole scan tells what is there", async () => {
  await using fresh = await testDatabase();
  const names = fc.constantFrom("a", "b", "c");
  const shown = fc.dictionary(
    fc.constantFrom("", "one", "one/below", "two"),
    fc.dictionary(names, fc.integer({ min: 0, max: 3 }), { minKeys: 1, noNullPrototype: true }),
    { noNullPrototype: true },
  );
  // A few states of the disk, each of which may come again.
  const states = fc.array(shown, { minLength: 1, maxLength: 3 });
  const scans = fc.array(fc.record({ state: fc.nat(2), killed: fc.boolean() }), { minLength: 1, maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(states, scans, async (disk, all) => {
      await fresh.database.query(sql`truncate file, folder, source cascade`);
      const source = await sourceIn(fresh.database);
      const at = (state: number) => disk[state % disk.length] ?? {};
      for (const { state, killed } of all) await scan(fresh.database, source, at(state), { killed });
      const last = at(all.at(-1)?.state ?? 0);
      const counts = await scan(fresh.database, source, last);
      const known = await knownIn(fresh.database);
      const again = await scan(fresh.database, source, last);

      assert.deepEqual(known, last);
      const files = Object.values(last).flatMap((one) => Object.keys(one)).length;
      assert.equal(counts.new + counts.changed + counts.unchanged, files);
      assert.deepEqual(again, { new: 0, changed: 0, unchanged: files, bytes: counts.bytes });
    }),
    { numRuns: 100 },
  );
});
