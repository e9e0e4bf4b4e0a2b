/** A program for tests: uses the embedded server of the state folder in its argument until its standard input closes. */
import { openDatabase, sql } from "../inventory/database.ts";
import { openEmbedded } from "../inventory/embedded.ts";

const [state = ""] = process.argv.slice(2);
await using server = await openEmbedded(state, process.env);
await using database = await openDatabase(server.config);
await database.query(sql`select 1`);
process.stdout.write("open\n");
for await (const _ of process.stdin);
