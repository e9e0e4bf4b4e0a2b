import { setTimeout as delay } from "node:timers/promises";
import type pg from "pg";
import { closeConnection, cutConnection } from "./connection-opening.ts";

interface Idle {
  readonly client: pg.Client;
  /** As performance.now() tells it. */
  readonly since: number;
  readonly timer: NodeJS.Timeout;
}

/** After which an idle connection is closed. */
const idleMs = 10_000;
/** An idle connection may have been lost without our noticing: after so long it is asked before it is used. */
const askAfterMs = 1_000;
const graceMs = 5_000;

/** Connections for short pieces of work: a few at most, opened when they are needed and kept for the next. */
export class ConnectionPool {
  readonly #open: () => Promise<pg.Client>;
  readonly #limit: number;
  readonly #idle: Idle[] = [];
  readonly #waiting: (() => void)[] = [];
  readonly #used = new Set<pg.Client>();
  /** Those being opened, too. */
  #count = 0;
  #closed = false;

  constructor(open: () => Promise<pg.Client>, limit: number) {
    this.#open = open;
    this.#limit = limit;
  }

  /** Waits while all are in use; @throws what opening one throws. */
  async take(): Promise<pg.Client> {
    while (this.#count >= this.#limit && !this.#closed) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    if (this.#closed) throw new Error("the database is closed");
    this.#count++;
    try {
      const client = (await this.#reuse()) ?? (await this.#make());
      this.#used.add(client);
      return client;
    } catch (error) {
      this.#leave();
      throw error;
    }
  }

  /** After a failure a connection is not used again: whether it is still in step is not worth finding out. */
  give(client: pg.Client, { failed }: { readonly failed: boolean }): void {
    this.#used.delete(client);
    if (failed || this.#closed) void closeConnection(client);
    else this.#keep(client);
    this.#leave();
  }

  /** Those in use at once, so that their work fails. */
  cut(): void {
    for (const client of this.#used) cutConnection(client);
  }

  /** Waits a moment for what is under way. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const wake of this.#waiting.splice(0)) wake();
    for (let waitedMs = 0; this.#count > 0 && waitedMs < graceMs; waitedMs += 5) await delay(5);
    this.cut();
    const idle = this.#idle.splice(0);
    for (const { timer } of idle) clearTimeout(timer);
    await Promise.all(idle.map(({ client }) => closeConnection(client)));
  }

  #leave(): void {
    this.#count--;
    this.#waiting.shift()?.();
  }

  #keep(client: pg.Client): void {
    const timer = setTimeout(() => this.#forget(client), idleMs);
    // To keep a connection must not keep the program.
    timer.unref();
    this.#idle.push({ client, since: performance.now(), timer });
  }

  /** One that is in use shows its loss to who uses it. */
  #forget(client: pg.Client): void {
    const at = this.#idle.findIndex((one) => one.client === client);
    if (at < 0) return;
    clearTimeout(this.#idle.splice(at, 1)[0]?.timer);
    void closeConnection(client);
  }

  async #make(): Promise<pg.Client> {
    const client = await this.#open();
    return client.on("error", () => this.#forget(client));
  }

  async #reuse(): Promise<pg.Client | null> {
    for (let last = this.#idle.pop(); last !== undefined; last = this.#idle.pop()) {
      clearTimeout(last.timer);
      if (performance.now() - last.since < askAfterMs || (await answers(last.client))) return last.client;
      void closeConnection(last.client);
    }
    return null;
  }
}

async function answers(client: pg.Client): Promise<boolean> {
  try {
    await client.query("");
    return true;
  } catch {
    return false;
  }
}
