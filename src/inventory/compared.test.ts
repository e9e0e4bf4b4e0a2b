import assert from "node:assert/strict";
import { test } from "node:test";
import { testDatabase } from "../testing/database.ts";
import { comparedBefore, rememberComparison } from "./compared.ts";
import { type Database, sql } from "./database.ts";

const none = { groups: 0, files: 0, bytes: 0 };

/** A source with two equal files, all compared. */
async function twoEqualFiles(database: Database) {
  const [row] = await database.query<{ id: number }>(sql`
    with disk as (insert into source (kind, name, root) values ('source', 'disk', '/disk') returning id),
    top as (insert into folder (source_id, path) select id, '' from disk returning id),
    files as (
      insert into file (folder_id, name, size, mtime, ctime, junk, hash)
      select top.id, name, 5, 1, 1, false, '\\x01' from top, unnest('{a,b}'::text[]) as name
    )
    select id from disk
  `);
  return { sourceIds: [row?.id ?? 0], archiveId: null, junk: "left out" } as const;
}

test("what comparing came to holds for as long as no file is written to", async () => {
  const writes = [
    sql`update file set hash = null where name = 'a'`,
    sql`update file set gone_at = now() where name = 'a'`,
    sql`insert into file (folder_id, name, size, mtime, ctime, junk) select folder_id, 'c', 5, 1, 1, false from file limit 1`,
    sql`delete from file where name = 'a'`,
  ];
  for (const write of writes) {
    await using fresh = await testDatabase();
    const comparison = await twoEqualFiles(fresh.database);
    assert.equal(await comparedBefore(fresh.database, comparison), null);
    const found = await rememberComparison(fresh.database, comparison);

    assert.deepEqual(found, { groups: 1, files: 1, bytes: 5 });
    assert.deepEqual(await comparedBefore(fresh.database, comparison), found);
    await fresh.database.query(sql`update file set hash = null where name = 'nobody'`);
    assert.deepEqual(await comparedBefore(fresh.database, comparison), found);
    await fresh.database.query(write);
    assert.equal(await comparedBefore(fresh.database, comparison), null, write.text);
  }
});

test("it holds for the same sources, archive and rule only", async () => {
  await using fresh = await testDatabase();
  const comparison = await twoEqualFiles(fresh.database);
  await rememberComparison(fresh.database, comparison);

  for (const other of [
    { ...comparison, sourceIds: [] },
    { ...comparison, archiveId: 7 },
    { ...comparison, junk: "compared" as const },
  ]) {
    assert.equal(await comparedBefore(fresh.database, other), null);
  }
  assert.deepEqual(await rememberComparison(fresh.database, { ...comparison, sourceIds: [] }), none);
});

test("while a file may have changed unnoticed, everything is looked at again", async () => {
  await using fresh = await testDatabase();
  const comparison = await twoEqualFiles(fresh.database);
  await fresh.database.query(sql`update file set racy = true where name = 'a'`);

  assert.deepEqual(await rememberComparison(fresh.database, comparison), { groups: 1, files: 1, bytes: 5 });
  assert.equal(await comparedBefore(fresh.database, comparison), null);
});
