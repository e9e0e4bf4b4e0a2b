import { setMaxListeners } from "node:events";
import type pg from "pg";
import { ConnectionOpener, closeConnection, cutConnection } from "./connection-opening.ts";
import { ConnectionPool } from "./connection-pool.ts";
import { urlWithSchema } from "./connection-url.ts";
import type { CopyFormat } from "./copy.ts";
import { databaseLost, isLost, messageOf, statementError } from "./database-errors.ts";
import { ClientSession, type DedicatedSession, type ErrorTranslation, type Session } from "./session.ts";
import type { Query } from "./sql.ts";

export type { DedicatedSession, Session } from "./session.ts";
export { type Query, sql } from "./sql.ts";

/**
 * An open database: a few connections, made when first needed.
 *
 * When a connection is lost, what had certainly no effect is done once more on a new one: a `select`, and a
 * transaction that had not begun. All else that was under way fails with DATABASE_LOST.
 */
export interface Database extends Session, AsyncDisposable {
  /** For messages and for psql; has no password. */
  readonly url: string;
  /** The schema that was asked for by its name; null: the connection's current one. */
  readonly schema: string | null;
  /**
   * Aborted with DATABASE_LOST as soon as a dedicated session is lost: with it went temp tables or a lock that the work
   * in hand relies on, so all that is asked of the database later fails in the same way.
   */
  readonly lost: AbortSignal;
  /** Commits what `work` did when it returns, takes it back when it throws. */
  transaction<R>(work: (session: Session) => Promise<R>): Promise<R>;
  /** One connection of its own, for temp tables and advisory locks; they end with it. Waits while too many are open. */
  session(): Promise<DedicatedSession>;
}

/** Where a database is and how to log in. `connection.ts` makes one from a URL, `embedded.ts` for its own server. */
export interface DatabaseConfig {
  /** For messages and psql: no password in it. */
  readonly url: string;
  /** Everything said, so that the driver looks for nothing in the environment. */
  readonly client: Readonly<pg.ClientConfig>;
  /** The server may answer that it speaks no TLS, and then goes on without (sslmode=prefer). */
  readonly plainIfNoTls?: boolean;
}

export interface OpenOptions {
  /** The only schema on the search path; null: the role's own setting holds. Tables live in current_schema(). */
  readonly schema?: string | null;
  /** Ends the waiting for a server that does not answer. */
  readonly signal?: AbortSignal;
}

/** Connections for short pieces of work, and dedicated sessions: together fewer than the embedded server takes (40). */
const poolLimit = 8;
const sessionLimit = 24;

/**
 * Opens a database and makes sure that it answers; waits some seconds for one that is being started.
 *
 * @throws AppError DATABASE_UNREACHABLE, DATABASE_LOGIN_REFUSED, DATABASE_TLS_REFUSED, DATABASE_MISSING,
 *   DATABASE_NOT_ALLOWED, DATABASE_EXHAUSTED; the signal's reason
 */
export async function openDatabase(
  config: DatabaseConfig,
  { schema = null, signal }: OpenOptions = {},
): Promise<Database> {
  const database = new ServerDatabase(config, schema);
  try {
    await database.connect(signal);
    return database;
  } catch (error) {
    await database[Symbol.asyncDispose]();
    throw error;
  }
}

class ServerDatabase implements Database {
  readonly url: string;
  readonly schema: string | null;
  readonly lost: AbortSignal;
  readonly #loss = new AbortController();
  readonly #closing = new AbortController();
  /** Ends attempts to connect. */
  #patience: AbortSignal;
  readonly #opener: ConnectionOpener;
  readonly #pool: ConnectionPool;
  readonly #sessions = new Set<pg.Client>();
  readonly #waiting: (() => void)[] = [];
  #sessionCount = 0;
  #closed: Promise<void> | null = null;

  constructor(config: DatabaseConfig, schema: string | null) {
    this.url = schema === null ? config.url : urlWithSchema(config.url, schema);
    this.schema = schema;
    this.lost = this.#loss.signal;
    this.#patience = forMany(AbortSignal.any([this.lost, this.#closing.signal]));
    this.#opener = new ConnectionOpener({ ...config, url: this.url }, schema);
    this.#pool = new ConnectionPool(() => this.#opener.open(this.#patience), poolLimit);
  }

  /** @param signal Ends the waiting for the first connection only: what is to be ended in order needs its others. */
  async connect(signal: AbortSignal | undefined): Promise<void> {
    const usual = this.#patience;
    if (signal !== undefined) this.#patience = forMany(AbortSignal.any([usual, signal]));
    this.#pool.give(await this.#pool.take(), { failed: false });
    this.#patience = usual;
  }

  query<Row>(query: Query): Promise<Row[]> {
    const ask = () => this.#withSession((session) => session.query<Row>(query));
    return this.#onceMore(ask, () => isRead(query));
  }

  copyIn(target: string, rows: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, format?: CopyFormat): Promise<number> {
    return this.#withSession((session) => session.copyIn(target, rows, format));
  }

  async *stream<Row>(query: Query, batchRows?: number): AsyncGenerator<Row[], void, undefined> {
    await using session = await this.session();
    yield* session.stream<Row>(query, batchRows);
  }

  transaction<R>(work: (session: Session) => Promise<R>): Promise<R> {
    let begun = false;
    const noted = (session: Session) => {
      begun = true;
      return work(session);
    };
    return this.#onceMore(
      () => this.#withSession((session) => session.transaction(noted)),
      () => !begun,
    );
  }

  async session(): Promise<DedicatedSession> {
    this.#refuseIfGone();
    while (this.#sessionCount >= sessionLimit) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
      this.#refuseIfGone();
    }
    this.#sessionCount++;
    try {
      const client = await this.#opener.open(this.#patience);
      this.#sessions.add(client);
      client.on("error", (error) => this.#lose(client, error));
      // It may have come just too late to be closed with the others.
      if (this.lost.aborted || this.#closing.signal.aborted) void closeConnection(client);
      return new DedicatedClient(client, this.#translate, () => this.#leave(client));
    } catch (error) {
      this.#freeSession();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed ??= this.#close();
    await this.#closed;
  }

  async #close(): Promise<void> {
    this.#closing.abort(new Error("the database is closed"));
    for (const wake of this.#waiting.splice(0)) wake();
    const left = [...this.#sessions];
    this.#sessions.clear();
    await Promise.all([this.#pool.close(), ...left.map(closeConnection)]);
  }

  /** For one piece of work; what it leaves on the connection stays with it, so nothing may be left. */
  async #withSession<R>(work: (session: ClientSession) => Promise<R>): Promise<R> {
    this.#refuseIfGone();
    const client = await this.#pool.take();
    let failed = true;
    try {
      const result = await work(new ClientSession(client, this.#translate));
      failed = false;
      return result;
    } finally {
      this.#pool.give(client, { failed });
    }
  }

  async #onceMore<R>(attempt: () => Promise<R>, hadNoEffect: () => boolean): Promise<R> {
    try {
      return await attempt();
    } catch (error) {
      if (!isLost(error) || !hadNoEffect()) throw error;
      return attempt();
    }
  }

  async #leave(client: pg.Client): Promise<void> {
    const isOurs = this.#sessions.delete(client);
    await closeConnection(client);
    if (isOurs) this.#freeSession();
  }

  #freeSession(): void {
    this.#sessionCount--;
    this.#waiting.shift()?.();
  }

  #lose(client: pg.Client, error: unknown): void {
    if (this.lost.aborted || !this.#sessions.has(client)) return;
    this.#loss.abort(databaseLost(this.url, messageOf(error), error));
    // What they do is in vain, and may wait for somebody's lock for a long time.
    for (const other of this.#sessions) cutConnection(other);
    this.#pool.cut();
    for (const wake of this.#waiting.splice(0)) wake();
  }

  #refuseIfGone(): void {
    this.lost.throwIfAborted();
    this.#closing.signal.throwIfAborted();
  }

  readonly #translate: ErrorTranslation = (error) => {
    const known = statementError(error, this.url);
    // What was lost first is why the rest was cut off.
    return this.lost.aborted && isLost(known) ? this.lost.reason : known;
  };
}

class DedicatedClient extends ClientSession implements DedicatedSession {
  readonly #close: () => Promise<void>;

  constructor(client: pg.ClientBase, translate: ErrorTranslation, close: () => Promise<void>) {
    super(client, translate);
    this.#close = close;
  }

  /** Closes the connection: its temp tables and advisory locks must not reach the next user. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }
}

/** Every connection that is being opened listens to it, and there is no leak in that. */
function forMany(signal: AbortSignal): AbortSignal {
  setMaxListeners(0, signal);
  return signal;
}

/** A statement that changes nothing; one that does, within a select, begins with `with`. */
function isRead({ text }: Query): boolean {
  return /^\s*select\b/i.test(text);
}
