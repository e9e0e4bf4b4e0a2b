/** Writes migrations/schema.sql: `node dist/src/testing/write-schema.js`. Its test is test/schema.test.ts. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDatabase } from "../inventory/database.ts";
import { openEmbedded } from "../inventory/embedded.ts";
import { migrate, migrationFolder } from "../inventory/migrate.ts";
import { dumpSchema } from "../inventory/schema-dump.ts";

const state = await mkdtemp(join(tmpdir(), "onefold-schema-"));
try {
  await using server = await openEmbedded(state, process.env);
  await using database = await openDatabase(server.config);
  await migrate(database);
  await writeFile(join(migrationFolder, "schema.sql"), await dumpSchema(database));
} finally {
  await rm(state, { recursive: true, force: true });
}
