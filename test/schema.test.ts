import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { migrationFolder } from "../src/inventory/migrate.ts";
import { dumpSchema } from "../src/inventory/schema-dump.ts";
import { testDatabase } from "../src/testing/database.ts";

test("migrations/schema.sql shows what the migrations make", async () => {
  await using fresh = await testDatabase();
  const written = await readFile(join(migrationFolder, "schema.sql"), "utf8");

  assert.equal(
    await dumpSchema(fresh.database),
    written,
    "run: npm run build && node dist/src/testing/write-schema.js",
  );
});
