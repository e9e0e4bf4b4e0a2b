import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { type Database, type DatabaseConfig, openDatabase, sql } from "../inventory/database.ts";
import { type EmbeddedServer, openEmbedded } from "../inventory/embedded.ts";
import { migrate, migrationFolder } from "../inventory/migrate.ts";

/** A fresh database, which goes away with the scope; one server serves all of a test file. */
export interface TestDatabase extends AsyncDisposable {
  readonly database: Database;
  readonly config: DatabaseConfig;
}

/**
 * A database with the project's tables (`migrations: null`: with none), copied
 * from a template in about 30 ms; the first one of a file starts the server, 1.5 s.
 */
export async function testDatabase(
  { migrations }: { migrations: string | null } = { migrations: migrationFolder },
): Promise<TestDatabase> {
  running ??= TestServer.start();
  const server = await running;
  const config = await server.create(migrations);
  const database = await openDatabase(config);
  return {
    database,
    config,
    [Symbol.asyncDispose]: async () => {
      await database[Symbol.asyncDispose]();
      await server.drop(config);
    },
  };
}

let running: Promise<TestServer> | null = null;

after(async () => {
  await (await running)?.[Symbol.asyncDispose]();
});

class TestServer implements AsyncDisposable {
  readonly #state: string;
  readonly #server: EmbeddedServer;
  readonly #administration: Database;
  readonly #templates = new Map<string, Promise<string>>();
  #made = 0;

  static async start(): Promise<TestServer> {
    const state = await mkdtemp(join(tmpdir(), "onefold-test-"));
    const server = await openEmbedded(state, process.env);
    const administration = await openDatabase(server.config);
    // Nothing here outlives the test; a new database costs 50 ms instead of 500.
    for (const setting of ["fsync", "full_page_writes", "synchronous_commit"]) {
      await administration.query({ text: `alter system set ${setting} = off`, values: [] });
    }
    await administration.query(sql`select pg_reload_conf()`);
    return new TestServer(state, server, administration);
  }

  constructor(state: string, server: EmbeddedServer, administration: Database) {
    this.#state = state;
    this.#server = server;
    this.#administration = administration;
  }

  async create(migrations: string | null): Promise<DatabaseConfig> {
    const template = migrations === null ? "template1" : await this.#template(migrations);
    return this.#copy(template);
  }

  async drop({ client }: DatabaseConfig): Promise<void> {
    await this.#administration.query({ text: `drop database "${client.database}" with (force)`, values: [] });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Also where a test forgot one.
    await this.#administration.query(
      sql`select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()`,
    );
    await this.#administration[Symbol.asyncDispose]();
    await this.#server[Symbol.asyncDispose]();
    await rm(this.#state, { recursive: true, force: true });
  }

  #template(migrations: string): Promise<string> {
    const made = this.#templates.get(migrations) ?? this.#migrated(migrations);
    this.#templates.set(migrations, made);
    return made;
  }

  async #migrated(migrations: string): Promise<string> {
    const config = await this.#copy("template1");
    // Closed again: a database in use is no template.
    await using database = await openDatabase(config);
    await migrate(database, migrations);
    return config.client.database ?? "";
  }

  async #copy(template: string): Promise<DatabaseConfig> {
    const name = `test_${++this.#made}`;
    const text = `create database ${name} template ${template} strategy file_copy`;
    await this.#administration.query({ text, values: [] });
    const { config } = this.#server;
    return { url: config.url.replace("/onefold?", `/${name}?`), client: { ...config.client, database: name } };
  }
}
