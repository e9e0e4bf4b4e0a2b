import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { getTypeParser } from "./column-types.ts";
import type { DatabaseConfig } from "./database.ts";
import { connectError, mayPass } from "./database-errors.ts";
import { quotedIdentifier } from "./schema-name.ts";

/** How long a server may refuse connections before it counts as unreachable: a restart takes it a few seconds. */
const patienceMs = 10_000;
const firstPauseMs = 20;
const longestPauseMs = 500;
/** A server that answers nothing at all: then the connection is cut. */
const attemptMs = 30_000;
const farewellMs = 5_000;
/** A connection that waits for hours is not forgotten by routers, and a dead one is noticed within a minute. */
const keepAliveMs = 30_000;

/** Opens connections to one server, all with the same settings. */
export class ConnectionOpener {
  readonly #config: DatabaseConfig;
  readonly #settings: readonly (readonly [name: string, value: string])[];
  /** The server has told that it speaks no TLS, which is good enough. */
  #plain = false;

  /** @param schema Where tables are looked for and made; null: as the role, the database or the URL have it. */
  constructor(config: DatabaseConfig, schema: string | null) {
    this.#config = config;
    this.#settings = Object.entries({
      ...sessionSettings,
      ...(schema === null ? {} : { search_path: quotedIdentifier(schema) }),
    });
  }

  /**
   * A new connection. A server that starts, restarts or is full is asked again, for ten seconds or as long as
   * connect_timeout says.
   *
   * @param signal Ends the waiting.
   * @throws AppError DATABASE_UNREACHABLE, DATABASE_LOGIN_REFUSED, DATABASE_TLS_REFUSED, DATABASE_MISSING,
   *   DATABASE_NOT_ALLOWED, DATABASE_EXHAUSTED; the signal's reason
   */
  async open(signal: AbortSignal): Promise<pg.Client> {
    const until = performance.now() + (this.#config.client.connectionTimeoutMillis || patienceMs);
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
      try {
        return await this.#try(signal);
      } catch (error) {
        signal.throwIfAborted();
        if (!mayPass(error) || performance.now() + pauseMs > until) throw connectError(error, this.#config.url);
      }
      // What the signal was aborted with is thrown instead of what the timer makes of it.
      await delay(pauseMs, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }

  async #try(signal: AbortSignal): Promise<pg.Client> {
    const { client, plainIfNoTls } = this.#config;
    try {
      return await this.#connect(this.#plain ? { ...client, ssl: false } : client, signal);
    } catch (error) {
      if (this.#plain || !plainIfNoTls || !isTlsUnknown(error)) throw error;
      this.#plain = true;
      return this.#connect({ ...client, ssl: false }, signal);
    }
  }

  async #connect(config: Readonly<pg.ClientConfig>, signal: AbortSignal): Promise<pg.Client> {
    const client = new pg.Client({
      connectionTimeoutMillis: attemptMs,
      ...config,
      keepAlive: true,
      keepAliveInitialDelayMillis: keepAliveMs,
      // Never empty: the driver would look into PGOPTIONS by itself.
      options: `-c datestyle=iso ${config.options ?? ""}`.trim(),
      application_name: config.application_name ?? "onefold",
      types: { getTypeParser },
    });
    // A loss shows in the statement that runs or comes next; without a listener it would end the process.
    client.on("error", ignore);
    const cut = () => cutConnection(client);
    signal.addEventListener("abort", cut);
    try {
      await client.connect();
      await client.query(settingText, [this.#settings.map(([name]) => name), this.#settings.map(([, value]) => value)]);
      return client;
    } catch (error) {
      void closeConnection(client);
      throw error;
    } finally {
      signal.removeEventListener("abort", cut);
    }
  }
}

/**
 * Returns when the server has let go of what belonged to the connection. One under a statement is cut; so is one whose
 * server does not say goodbye within seconds.
 */
export async function closeConnection(client: pg.Client): Promise<void> {
  const timer = setTimeout(() => cutConnection(client), farewellMs);
  try {
    await client.end();
  } finally {
    clearTimeout(timer);
  }
}

export function cutConnection(client: pg.Client): void {
  client.connection.stream.destroy();
}

/**
 * What every connection starts with, whatever an administrator has set for the role or the database: texts are the
 * same wherever the server is, and no timeout ends a merge of a million rows or a lock that is held for a night.
 */
const sessionSettings = {
  client_encoding: "UTF8",
  datestyle: "ISO, YMD",
  timezone: "UTC",
  standard_conforming_strings: "on",
  extra_float_digits: "1",
  default_transaction_isolation: "read committed",
  statement_timeout: "0",
  lock_timeout: "0",
  idle_session_timeout: "0",
  idle_in_transaction_session_timeout: "0",
  transaction_timeout: "0",
  // What a batch asks for by index lies in memory. By the default, made for turning disks, 256 hashes were looked up by
  // reading the whole table until it had some hundred thousand rows: 40 ms a batch instead of 2.
  random_page_cost: "1.1",
  // What is asked for by a cursor is read to its end. By the default the planner aims at the first tenth: candidates of
  // 100,000 files took 160 ms instead of 35.
  cursor_tuple_fraction: "1",
};

/** Those a server knows: transaction_timeout is there since PostgreSQL 17. */
const settingText = `
  select set_config(name, value, false)
  from unnest($1::text[], $2::text[]) as wanted (name, value)
  where current_setting(name, true) <> value`;

function isTlsUnknown(error: unknown): boolean {
  return error instanceof Error && error.message.includes("does not support SSL");
}

function ignore(): void {}
