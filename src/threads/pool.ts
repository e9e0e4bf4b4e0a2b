/**
 * Worker threads that block on the disk so that the main thread need not.
 *
 * Synchronous calls in a thread cost half of what promises cost for a small
 * file, so walking, hashing and reading of photo metadata all run this way.
 */
import type { Transferable } from "node:worker_threads";
import { type Job, mayBegin, Thread, ThreadSilent } from "./thread.ts";

export { ThreadSilent } from "./thread.ts";

export interface PoolOptions {
  /** Its module keeps nothing from one request to the next: idle threads may go on to serve another pool. */
  readonly sharesThreads?: boolean;
  /** A thread that makes no progress for so long is given up; null: it may take for ever. */
  readonly patienceSeconds?: number | null;
}

/** A thread that works ends within the system call in hand; one that takes longer hangs. */
const graceMs = 2_000;

/**
 * Threads that wait for the next pool: to start one takes 40 ms of a processor. An idle one keeps some megabytes, so a
 * machine that read from five shares does not keep all of theirs.
 */
const spare: Thread[] = [];
const mostSpare = 4;

/** Starts threads that the next pools will need, while the program still waits for something else. */
export function startEarly(threads: number): void {
  while (mayBegin() && spare.length < Math.min(threads, mostSpare)) spare.push(new Thread());
}

/** A fixed number of threads started from one module, each working on one request at a time. */
export class ThreadPool<Request, Result> implements AsyncDisposable {
  readonly size: number;
  readonly #module: URL;
  readonly #patienceSeconds: number | null;
  readonly #sharesThreads: boolean;
  readonly #idle: Thread[] = [];
  readonly #all = new Set<Thread>();
  readonly #waiting: Job<Request, Result>[] = [];
  #watch: NodeJS.Timeout | null = null;
  #closed = false;

  /** @param module What the threads do: it is built, and calls `serveRequests`. They start when first needed. */
  constructor(module: URL, size: number, { patienceSeconds = null, sharesThreads = false }: PoolOptions = {}) {
    this.#module = module;
    this.#sharesThreads = sharesThreads;
    this.size = size;
    this.#patienceSeconds = patienceSeconds;
  }

  /**
   * Hands one request to the next free thread.
   *
   * @throws what the thread threw for this request; an Error if the thread itself died, ThreadSilent if it hangs (the
   *   pool goes on with a new one).
   */
  run(request: Request, transfer: readonly Transferable[] = []): Promise<Result> {
    if (this.#closed) return Promise.reject(new Error("the thread pool is closed"));
    this.#beginWatch();
    return new Promise((resolve, reject) => {
      this.#waiting.push({ request, transfer, resolve, reject });
      this.#next();
    });
  }

  /** Ends the threads; requests still waiting are rejected. A thread that hangs is left behind after two seconds. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    if (this.#watch !== null) clearInterval(this.#watch);
    for (const job of this.#waiting.splice(0)) job.reject(new Error("the thread pool is closed"));
    if (this.#sharesThreads) this.#spare();
    const all = [...this.#all];
    this.#all.clear();
    await Promise.all(all.map((thread) => thread.end(graceMs)));
  }

  #next(): void {
    const thread = this.#idle.pop() ?? (this.#all.size < this.size && mayBegin() ? this.#start() : undefined);
    if (thread === undefined) return;
    const job = this.#waiting.shift();
    if (job === undefined) {
      this.#idle.push(thread);
      return;
    }
    thread.give(this.#module, job, (isAlive) => {
      if (isAlive) this.#idle.push(thread);
      else this.#all.delete(thread);
      if (!this.#closed) this.#next();
    });
  }

  #start(): Thread {
    const thread = spare.pop() ?? new Thread();
    this.#all.add(thread);
    return thread;
  }

  #spare(): void {
    for (const thread of this.#idle.splice(0)) {
      if (spare.length >= mostSpare) return;
      this.#all.delete(thread);
      spare.push(thread);
    }
  }

  #beginWatch(): void {
    const seconds = this.#patienceSeconds;
    if (seconds === null || this.#watch !== null) return;
    const everyMs = Math.min(10_000, seconds * 250);
    this.#watch = setInterval(() => this.#giveUpSilent(seconds, everyMs), everyMs).unref();
  }

  #giveUpSilent(seconds: number, everyMs: number): void {
    const now = performance.now();
    for (const thread of this.#all) {
      if (thread.silentMs(now, 2 * everyMs) < seconds * 1_000) continue;
      this.#all.delete(thread);
      thread.abandon(new ThreadSilent(seconds));
      this.#next();
    }
  }
}
