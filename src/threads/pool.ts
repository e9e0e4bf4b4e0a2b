/**
 * Worker threads that block on the disk so that the main thread need not.
 *
 * Synchronous calls in a thread cost half of what promises cost for a small
 * file, so walking, hashing and reading of photo metadata all run this way.
 */
import { type Transferable, Worker, type WorkerOptions } from "node:worker_threads";

interface Job<Request, Result> {
  readonly request: Request;
  readonly transfer: readonly Transferable[];
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/** Answers of a thread: see {@link serveRequests} in serve.ts. */
export type Answer<Result> = { readonly result: Result } | { readonly thrown: unknown };

/** A fixed number of threads started from one module, each working on one request at a time. */
export class ThreadPool<Request, Result> implements AsyncDisposable {
  readonly size: number;
  readonly #entry: URL;
  readonly #options: WorkerOptions;
  readonly #idle: Worker[] = [];
  readonly #all = new Set<Worker>();
  readonly #waiting: Job<Request, Result>[] = [];
  #closed = false;

  /** @param entry The built module of the thread; it calls `serveRequests`. Threads start when first needed. */
  constructor(entry: URL, size: number, options: WorkerOptions = {}) {
    this.#entry = entry;
    this.size = size;
    this.#options = options;
  }

  /**
   * Hands one request to the next free thread.
   *
   * @throws what the thread threw for this request; an Error if the thread itself died (the pool goes on with a new one).
   */
  run(request: Request, transfer: readonly Transferable[] = []): Promise<Result> {
    if (this.#closed) return Promise.reject(new Error("the thread pool is closed"));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ request, transfer, resolve, reject });
      this.#next();
    });
  }

  /** Ends the threads; requests still waiting are rejected. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    for (const job of this.#waiting.splice(0)) job.reject(new Error("the thread pool is closed"));
    await Promise.all([...this.#all].map((worker) => worker.terminate()));
  }

  #next(): void {
    const worker = this.#idle.pop() ?? (this.#all.size < this.size ? this.#start() : undefined);
    if (worker === undefined) return;
    const job = this.#waiting.shift();
    if (job === undefined) {
      this.#idle.push(worker);
      return;
    }
    this.#give(worker, job);
  }

  #start(): Worker {
    const worker = new Worker(this.#entry, this.#options);
    this.#all.add(worker);
    // An idle thread must not keep the program alive.
    worker.unref();
    return worker;
  }

  #give(worker: Worker, job: Job<Request, Result>): void {
    const settle = (finish: () => void) => {
      worker.off("message", onMessage).off("error", onDeath).off("exit", onDeath);
      worker.unref();
      finish();
    };
    const onMessage = (answer: Answer<Result>) =>
      settle(() => {
        this.#idle.push(worker);
        if ("thrown" in answer) job.reject(answer.thrown);
        else job.resolve(answer.result);
        this.#next();
      });
    const onDeath = (cause: unknown) =>
      settle(() => {
        this.#all.delete(worker);
        job.reject(cause instanceof Error ? cause : new Error(`a worker thread ended with ${String(cause)}`));
        if (!this.#closed) this.#next();
      });
    worker.on("message", onMessage).on("error", onDeath).on("exit", onDeath);
    worker.ref();
    worker.postMessage(job.request, job.transfer);
  }
}
