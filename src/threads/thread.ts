import { setTimeout as delay } from "node:timers/promises";
import { type Transferable, Worker } from "node:worker_threads";
import { beats, mayTakeLong, newHeart } from "./heart.ts";

/** What a thread is asked, and by which module it is to answer. */
export interface Asked {
  /** URL of a module that calls `serveRequests`. */
  readonly module: string;
  readonly request: unknown;
}

/** Answers of a thread: see thread.worker.ts. */
export type Answer<Result> = { readonly result: Result } | { readonly thrown: unknown };

/** A request, and whoever waits for its answer. */
export interface Job<Request, Result> {
  readonly request: Request;
  readonly transfer: readonly Transferable[];
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/** A thread made no progress for too long: it hangs in a system call, and nothing but the end of the process ends that. */
export class ThreadSilent extends Error {
  readonly seconds: number;

  constructor(seconds: number) {
    super(`it does not answer for ${seconds} s`);
    this.seconds = seconds;
  }
}

/**
 * Threads of this process that were not seen to end. It is a fact about the process, not about one pool: node waits for
 * each of them before it exits, and one that hangs would keep it for ever.
 */
const unended = new Set<Worker>();

let isEnding = false;

/** False once the process is to end: one that begins while node exits crashes it. */
export function mayBegin(): boolean {
  return !isEnding;
}

/**
 * Ends every thread that can be ended, for a process that is about to end: no other begins.
 *
 * @returns how many are left: they hang in a system call
 */
export async function endThreads(graceMs: number): Promise<number> {
  isEnding = true;
  const all = Promise.all([...unended].map((worker) => worker.terminate()));
  // Its timer must not keep the process when the threads have ended.
  const waiting = new AbortController();
  await Promise.race([all, delay(graceMs, null, { signal: waiting.signal }).catch(() => undefined)]);
  waiting.abort();
  return unended.size;
}

/**
 * Megabytes for objects that were just made; by default up to 48 a thread. What a thread makes for one file is soon
 * gone, and a scan with two threads took 70 MB less, and no longer.
 */
const youngGeneration = 2;

const entry = new URL("./thread.worker.js", import.meta.url);

/** One thread, working on one request at a time. */
export class Thread {
  readonly #worker: Worker;
  readonly #heart = newHeart();
  #job: Pick<Job<unknown, never>, "reject"> | null = null;
  #beats = 0;
  #lookedAt = 0;
  #silentMs = 0;

  constructor() {
    this.#worker = new Worker(entry, {
      workerData: { heart: this.#heart },
      resourceLimits: { maxYoungGenerationSizeMb: youngGeneration },
    });
    unended.add(this.#worker);
    this.#worker.once("exit", () => unended.delete(this.#worker));
    // An idle thread must not keep the program alive.
    this.#worker.unref();
  }

  /**
   * @param module See {@link Asked}.
   * @param free Called when the job is settled: whether the thread can take another one.
   */
  give<Request, Result>(module: URL, job: Job<Request, Result>, free: (isAlive: boolean) => void): void {
    const worker = this.#worker;
    const settle = (isAlive: boolean, finish: () => void) => {
      worker.off("message", onMessage).off("error", onDeath).off("exit", onDeath);
      worker.unref();
      this.#job = null;
      finish();
      free(isAlive);
    };
    const onMessage = (answer: Answer<Result>) =>
      settle(true, () => ("thrown" in answer ? job.reject(answer.thrown) : job.resolve(answer.result)));
    const onDeath = (cause: unknown) =>
      settle(false, () =>
        job.reject(cause instanceof Error ? cause : new Error(`a worker thread ended with ${String(cause)}`)),
      );
    this.#job = job;
    this.#beats = beats(this.#heart);
    this.#lookedAt = performance.now();
    this.#silentMs = 0;
    worker.on("message", onMessage).on("error", onDeath).on("exit", onDeath);
    worker.ref();
    worker.postMessage({ module: module.href, request: job.request } satisfies Asked, job.transfer);
  }

  /**
   * How long the request in hand has not got on, in milliseconds, as far as calls of this tell; 0 if none is in hand.
   *
   * @param mostMs Of the time since the last call no more counts: the whole process may have been stopped meanwhile.
   */
  silentMs(now: number, mostMs: number): number {
    const counted = beats(this.#heart);
    const isBusy = this.#job !== null && counted === this.#beats && !mayTakeLong(this.#heart);
    this.#silentMs = isBusy ? this.#silentMs + Math.min(mostMs, now - this.#lookedAt) : 0;
    this.#beats = counted;
    this.#lookedAt = now;
    return this.#silentMs;
  }

  /** Waits for the end; never for long. */
  async end(graceMs: number): Promise<void> {
    const ended = this.#worker.terminate();
    const isLate = await Promise.race([ended.then(() => false), delay(graceMs, true, { ref: false })]);
    if (isLate) this.abandon(new Error("the thread pool is closed"));
  }

  /** Lets go of a thread that hangs: it is neither waited for nor given anything, and ends when its call does. */
  abandon(reason: Error): void {
    const job = this.#job;
    this.#job = null;
    this.#worker.removeAllListeners("message").removeAllListeners("error");
    this.#worker.removeAllListeners("exit").once("exit", () => unended.delete(this.#worker));
    this.#worker.on("error", () => undefined);
    void this.#worker.terminate();
    this.#worker.unref();
    job?.reject(reason);
  }
}
