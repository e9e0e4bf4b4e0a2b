import pg from "pg";
import { getTypeParser } from "./column-types.ts";
import { databaseError } from "./database-errors.ts";
import { ClientSession, type DedicatedSession, type ErrorTranslation, type Session } from "./session.ts";
import type { Query } from "./sql.ts";

export type { DedicatedSession, Session } from "./session.ts";
export { type Query, sql } from "./sql.ts";

/** An open database: a few connections, made when first needed. */
export interface Database extends Session, AsyncDisposable {
  /** For messages and for psql; has no password. */
  readonly url: string;
  /** Commits what `work` did when it returns, takes it back when it throws. */
  transaction<R>(work: (session: Session) => Promise<R>): Promise<R>;
  /** One connection of its own, for temp tables and advisory locks; they end with it. */
  session(): Promise<DedicatedSession>;
}

/** Where a database is and how to log in. `connection.ts` makes one from a URL, `embedded.ts` for its own server. */
export interface DatabaseConfig {
  /** For messages: no password in it. */
  readonly url: string;
  /** Everything said, so that the driver looks for nothing in the environment. */
  readonly client: Readonly<pg.ClientConfig>;
  /** The server may answer that it speaks no TLS, and then goes on without (sslmode=prefer). */
  readonly plainIfNoTls?: boolean;
}

export interface OpenOptions {
  /** Goes into search_path; else the role's own setting holds. Tables live in current_schema(). */
  readonly schema?: string;
  /** At most so many connections at once. */
  readonly connections?: number;
}

/**
 * Opens a database and makes sure that it answers.
 *
 * @throws AppError DATABASE_UNREACHABLE, DATABASE_LOGIN_REFUSED, DATABASE_MISSING
 */
export async function openDatabase(config: DatabaseConfig, options: OpenOptions = {}): Promise<Database> {
  try {
    return await connected(config, options);
  } catch (error) {
    const plain = { ...config, client: { ...config.client, ssl: false } };
    if (config.plainIfNoTls && isTlsRefused(error)) return await connected(plain, options);
    throw error;
  }
}

function isTlsRefused(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : null;
  return cause instanceof Error && cause.message.includes("does not support SSL");
}

async function connected(config: DatabaseConfig, options: OpenOptions): Promise<Database> {
  const database = new PooledDatabase(config, options);
  try {
    await database.connect();
    return database;
  } catch (error) {
    await database[Symbol.asyncDispose]();
    throw error;
  }
}

class PooledDatabase implements Database {
  readonly url: string;
  readonly #pool: pg.Pool;
  readonly #connecting = new Set<Promise<unknown>>();
  #ended: Promise<void> | null = null;

  constructor({ url, client }: DatabaseConfig, { schema, connections = 8 }: OpenOptions) {
    this.url = url;
    this.#pool = new pg.Pool({
      connectionTimeoutMillis: 30_000,
      keepAlive: true,
      ...client,
      options: startOptions(client.options, schema),
      application_name: client.application_name ?? "onefold",
      types: { getTypeParser },
      max: connections,
    });
    // An idle connection that is lost is made anew when it is needed; without a listener it would end the process.
    this.#pool.on("error", () => undefined);
  }

  async connect(): Promise<void> {
    (await this.#client()).release();
  }

  query<Row>(query: Query): Promise<Row[]> {
    return this.#withSession((session) => session.query<Row>(query));
  }

  copyIn(target: string, rows: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<number> {
    return this.#withSession((session) => session.copyIn(target, rows));
  }

  async *stream<Row>(query: Query, batchRows?: number): AsyncGenerator<Row[], void, undefined> {
    await using session = await this.session();
    yield* session.stream<Row>(query, batchRows);
  }

  transaction<R>(work: (session: Session) => Promise<R>): Promise<R> {
    return this.#withSession((session) => session.transaction(work));
  }

  async session(): Promise<DedicatedSession> {
    const client = await this.#client();
    return new DedicatedClient(
      client,
      (error) => databaseError(error, this.url),
      () => this.#close(client),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The pool forgets those who wait for a connection when it ends; they would wait for ever.
    await Promise.allSettled(this.#connecting);
    this.#ended ??= this.#pool.end();
    await this.#ended;
  }

  /** For one piece of work; what it leaves on the connection stays with it, so nothing may be left. */
  async #withSession<R>(work: (session: ClientSession) => Promise<R>): Promise<R> {
    const client = await this.#client();
    let failed = true;
    try {
      const result = await work(new ClientSession(client, (error) => databaseError(error, this.url)));
      failed = false;
      return result;
    } finally {
      client.off("error", ignore);
      // After a failure the connection is made anew: whether it is still in step is not worth finding out.
      client.release(failed);
    }
  }

  /** Returns when the server has let go of what belonged to the connection. */
  async #close(client: pg.PoolClient): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      const onRemove = (removed: unknown) => {
        if (removed !== client) return;
        this.#pool.off("remove", onRemove);
        resolve();
      };
      this.#pool.on("remove", onRemove);
    });
    client.release(true);
    await closed;
  }

  async #client(): Promise<pg.PoolClient> {
    const connecting = this.#pool.connect();
    this.#connecting.add(connecting);
    try {
      const client = await connecting;
      // While it is ours, a loss shows in the statement that runs or comes next.
      client.on("error", ignore);
      return client;
    } catch (error) {
      throw databaseError(error, this.url);
    } finally {
      this.#connecting.delete(connecting);
    }
  }
}

class DedicatedClient extends ClientSession implements DedicatedSession {
  readonly #close: () => Promise<void>;

  constructor(client: pg.PoolClient, translate: ErrorTranslation, close: () => Promise<void>) {
    super(client, translate);
    this.#close = close;
  }

  /** Closes the connection: its temp tables and advisory locks must not reach the next user. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }
}

function ignore(): void {}

/** Settings every connection starts with: texts of times are the same wherever the server is. */
function startOptions(given: string | undefined, schema: string | undefined): string {
  const path = schema === undefined ? [] : [`-c search_path=${escapeOption(`"${schema.replaceAll('"', '""')}"`)}`];
  return ["-c datestyle=iso,ymd -c timezone=UTC", ...path, given ?? ""].join(" ").trim();
}

/** Options are split at spaces; a backslash keeps the next character. */
function escapeOption(text: string): string {
  return text.replace(/[\s\\]/g, (character) => `\\${character}`);
}
