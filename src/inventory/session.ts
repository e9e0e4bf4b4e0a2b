import type pg from "pg";
import { Copy, type CopyFormat } from "./copy.ts";
import type { Query } from "./sql.ts";

/**
 * Where statements go. Types come back as: int8 bigint (cast counts that must be numbers: `count(*)::int4`,
 * `size::float8`), timestamptz Date, bytea Buffer, json parsed, arrays; date, timestamp and numeric as text.
 *
 * On a {@link Database} every call may use another connection; on the session of a transaction or a dedicated one all
 * use the same, one after the other.
 */
export interface Session {
  /** All rows at once: for results that are known to be small. */
  query<Row>(query: Query): Promise<Row[]>;
  /**
   * Sends rows to a table, e.g. `copyIn("staging (a, b)", rows)`; some 300,000 short rows a second.
   *
   * @param target Program text, never user text: it becomes SQL as it stands.
   * @param rows Chunks of COPY's format, cut anywhere. Read only as fast as the server takes them.
   * @returns Number of rows.
   * @throws what `rows` throws; then, as after any other failure, no row is there.
   */
  copyIn(target: string, rows: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, format?: CopyFormat): Promise<number>;
  /**
   * Rows in batches, as one snapshot, without holding them all; for as long as it runs it keeps a connection and, where
   * none was open, a transaction, which sees what else the same session does meanwhile and takes it back on failure.
   */
  stream<Row>(query: Query, batchRows?: number): AsyncGenerator<Row[], void, undefined>;
}

/** A session that can also begin transactions: one connection of its own, for temp tables and advisory locks. */
export interface DedicatedSession extends Session, AsyncDisposable {
  transaction<R>(work: (session: Session) => Promise<R>): Promise<R>;
}

/** Turns what the driver threw into what the caller should see. */
export type ErrorTranslation = (error: unknown) => unknown;

const defaultBatchRows = 2000;
let cursors = 0;

/** A session on one connection of the driver. */
export class ClientSession implements Session {
  readonly #client: pg.ClientBase;
  readonly #translate: ErrorTranslation;
  /** Settles when the statements so far have been answered: the driver wants one at a time. */
  #answered: Promise<unknown> = Promise.resolve();

  constructor(client: pg.ClientBase, translate: ErrorTranslation) {
    this.#client = client;
    this.#translate = translate;
  }

  query<Row>(query: Query): Promise<Row[]> {
    return this.#inTurn(() =>
      this.#translated(async () => {
        const result = await this.#client.query({ text: query.text, values: [...query.values] });
        return result.rows as Row[];
      }),
    );
  }

  copyIn(
    target: string,
    rows: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    format: CopyFormat = "text",
  ): Promise<number> {
    return this.#inTurn(async () => {
      const copy = new Copy(this.#client, target, format);
      try {
        for await (const chunk of rows) if (!(await copy.write(chunk))) break;
      } catch (error) {
        await copy.abort();
        throw error;
      }
      return this.#translated(() => copy.finish());
    });
  }

  async *stream<Row>(query: Query, batchRows = defaultBatchRows): AsyncGenerator<Row[], void, undefined> {
    const own = this.#client.getTransactionStatus() === "I";
    if (own) await this.query(statement("begin"));
    let failed = false;
    try {
      yield* this.#fetchAll<Row>(query, batchRows);
    } catch (error) {
      failed = true;
      throw error;
    } finally {
      // Also when the reader stops early, which is no failure.
      if (own) await (failed ? this.#rollback() : this.query(statement("commit")));
    }
  }

  async transaction<R>(work: (session: Session) => Promise<R>): Promise<R> {
    await this.query(statement("begin"));
    try {
      const result = await work(this);
      await this.query(statement("commit"));
      return result;
    } catch (error) {
      await this.#rollback();
      throw error;
    }
  }

  async *#fetchAll<Row>(query: Query, batchRows: number): AsyncGenerator<Row[], void, undefined> {
    const cursor = `onefold_cursor_${++cursors}`;
    await this.query({ text: `declare ${cursor} no scroll cursor for ${query.text}`, values: query.values });
    const fetch = () => this.query<Row>(statement(`fetch ${Math.max(1, Math.trunc(batchRows))} from ${cursor}`));
    let failed = false;
    let next = fetch();
    try {
      for (;;) {
        const rows = await next;
        const last = rows.length < batchRows;
        // The server looks for the next rows while the reader is busy with these.
        if (!last) next = fetch();
        next.catch(() => undefined);
        if (rows.length > 0) yield rows;
        if (last) break;
      }
    } catch (error) {
      failed = true;
      throw error;
    } finally {
      await next.catch(() => undefined);
      // In a failed transaction it is closed already, and to say so would hide the failure.
      if (!failed && this.#client.getTransactionStatus() === "T") await this.query(statement(`close ${cursor}`));
    }
  }

  #inTurn<R>(statement: () => Promise<R>): Promise<R> {
    const answer = this.#answered.then(statement);
    this.#answered = answer.catch(() => undefined);
    return answer;
  }

  /** A connection that cannot even roll back is lost, and the server has rolled back by itself. */
  async #rollback(): Promise<void> {
    await this.query(statement("rollback")).catch(() => undefined);
  }

  async #translated<R>(work: () => Promise<R>): Promise<R> {
    try {
      return await work();
    } catch (error) {
      throw this.#translate(error);
    }
  }
}

/** Program text without values. */
function statement(text: string): Query {
  return { text, values: [] };
}
