import type { ReclaimableFile } from "../inventory/reclaimable.ts";
import type { AppError } from "../model/errors.ts";
import type { Hash, SourceName } from "../model/file.ts";
import { joinPath, type PathText } from "../model/path.ts";
import type { EpochNs } from "../model/time.ts";
import { concurrently } from "../threads/concurrently.ts";
import { ThreadPool } from "../threads/pool.ts";
import { sourceLost } from "./errors.ts";
import type { StepJournal } from "./journal.ts";
import { stopError } from "./placer.ts";
import { newTemporaryName } from "./private-folder.ts";
import type { PlacesOf } from "./reclaim-alias.ts";
import type { ReclaimAnswer, ReclaimPlaces, ReclaimRequest, ReclaimResult, ReclaimStop } from "./reclaim-batch.ts";
import { Budget } from "./reclaim-budget.ts";
import type { Reclaimed } from "./reclaim-file.ts";
import { intendedReclaim, type Proven, reclaimedResult } from "./reclaim-journal.ts";
import { newStopFlag, raise } from "./stop-flag.ts";

/** One run over one source. */
export interface ReclaimJob {
  readonly run: string;
  readonly name: SourceName;
  readonly places: ReclaimPlaces;
  /** Most files, and bytes, that go; Infinity: all. */
  readonly limits: { readonly files: number; readonly bytes: number };
  /** Threads that read. */
  readonly threads: number;
  /** Aborting it ends the work: what is being read is left alone. */
  readonly signal: AbortSignal;
  /** Called before each batch, and before what it may take is taken. @throws AppError if the share is not there any more */
  readonly guard: () => void;
  /** Where the archive has contents; null where inode numbers tell whether two files are one. */
  readonly placesOf: ((hashes: readonly Hash[]) => Promise<PlacesOf>) | null;
}

/** What was done: on the disk for good, and in the journal. */
export interface ReclaimedBatch {
  readonly reclaimed: readonly ReclaimedFile[];
  readonly leftAlone: readonly { readonly path: PathText; readonly code: string; readonly message: string }[];
  /** Contents whose entries were read, and are right. */
  readonly verified: readonly Hash[];
  readonly damaged: readonly { readonly hash: Hash; readonly actual: Hash }[];
}

export interface ReclaimedFile {
  readonly file: ReclaimableFile;
  /** Last change of the inode that had the name, as far as it is known. */
  readonly changed: EpochNs;
  /** Bytes; 0 where other names of the inode are left. */
  readonly freedBytes: number;
  readonly now: Reclaimed["now"];
}

/** A flush costs as much as reading some files; more would make proofs wait too long. */
const mostFiles = 64;
const mostBytes = 128 * 1024 * 1024;

type Results = { readonly file: ReclaimableFile; readonly result: ReclaimResult }[];

/** Frees space of a source, batch by batch: memory does not grow with the number of files. */
export class Reclaimer implements AsyncDisposable {
  readonly #job: ReclaimJob;
  readonly #budget: Budget;
  readonly #threads: ThreadPool<ReclaimRequest, ReclaimAnswer>[];
  readonly #stop = newStopFlag();
  readonly #onAbort = () => raise(this.#stop);
  #failure: AppError | null = null;
  #isHalted = false;
  #batches = 0;

  constructor(job: ReclaimJob) {
    this.#job = job;
    this.#budget = new Budget(job.limits);
    // Proofs stay in the thread that made them, so each thread is asked by its own name.
    const worker = new URL("./reclaim.worker.js", import.meta.url);
    this.#threads = Array.from({ length: job.threads }, () => new ThreadPool(worker, 1));
    job.signal.addEventListener("abort", this.#onAbort);
    if (job.signal.aborted) this.#onAbort();
  }

  /** Looks at the files without reading them; changes nothing. @throws AppError SOURCE_LOST, ARCHIVE_LOST */
  async *preview(files: AsyncIterable<readonly ReclaimableFile[]>): AsyncGenerator<ReclaimedBatch, void, undefined> {
    yield* this.#each(files, async (some, thread) => {
      const answer = await this.#ask(thread, { do: "look", tasks: some });
      return batchOf(some.map((file, n) => ({ file, result: answer[n] ?? { kind: "aborted" } })));
    });
  }

  /**
   * Proves files, and takes away those that are proven. A batch that is yielded is done.
   *
   * A content that reads differently from what was recorded ends it: nothing more is taken from a source whose readings
   * cannot be trusted, whatever was proven before.
   *
   * @param begin Called before the first change: a run that has nothing to do needs no journal.
   * @throws AppError SOURCE_LOST, ARCHIVE_LOST, ARCHIVE_FULL, or what `guard` throws, after what was done is yielded
   */
  async *reclaim(
    files: AsyncIterable<readonly ReclaimableFile[]>,
    begin: () => Promise<StepJournal>,
  ): AsyncGenerator<ReclaimedBatch, void, undefined> {
    yield* this.#each(files, async (some, thread) => {
      const results: Results = [];
      for (let rest = some; rest.length > 0 && !this.#isOver; ) {
        const proved = await this.#prove(rest, thread);
        const isProven = ({ result }: Results[number]) => result.kind === "proven";
        const isDeferred = ({ result }: Results[number]) => result.kind === "deferred";
        results.push(...proved.filter((one) => !isProven(one) && !isDeferred(one)));
        const proven = provenOf(proved);
        if (proven.length > 0 && !this.#isOver) results.push(...(await this.#take(proven, thread, await begin())));
        rest = proved.filter(isDeferred).map(({ file }) => file);
      }
      return batchOf(results);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#job.signal.removeEventListener("abort", this.#onAbort);
    await Promise.all(this.#threads.map((thread) => thread[Symbol.asyncDispose]()));
  }

  get #isOver(): boolean {
    return this.#isHalted || this.#failure !== null || this.#job.signal.aborted;
  }

  async *#each(
    files: AsyncIterable<readonly ReclaimableFile[]>,
    work: (files: readonly ReclaimableFile[], thread: Thread) => Promise<ReclaimedBatch>,
  ): AsyncGenerator<ReclaimedBatch, void, undefined> {
    const idle = [...this.#threads];
    const batches = concurrently(this.#inPieces(files), idle.length, async (some) => {
      const thread = idle.pop();
      if (thread === undefined) throw new Error("more batches than threads");
      try {
        const batch = await work(some, thread);
        this.#giveBack(some, batch);
        return batch;
      } finally {
        idle.push(thread);
      }
    });
    yield* batches;
    if (this.#failure !== null) throw this.#failure;
  }

  async #prove(files: readonly ReclaimableFile[], thread: Thread): Promise<Results> {
    const hashes = [...new Set(files.map(({ hash }) => hash))];
    const known = this.#job.placesOf === null ? null : await this.#job.placesOf(hashes);
    const answer = await this.#ask(thread, { do: "prove", tasks: files, known });
    const results = files.map((file, n) => ({ file, result: answer[n] ?? ({ kind: "aborted" } as const) }));
    const alarm = results.some(({ result }) => result.kind === "failed" && result.code === "CONTENT_CHANGED");
    if (alarm) this.#halt();
    return results;
  }

  async #take(proven: readonly Proven[], thread: Thread, journal: StepJournal): Promise<Results> {
    const { name, places, run } = this.#job;
    const batch = this.#batches++;
    const asides = proven.map(({ file }) =>
      places.how === "quarantine"
        ? joinPath(".onefold", "quarantine", run, file.path)
        : joinPath(".onefold", "tmp", newTemporaryName()),
    );
    const steps = proven.map(({ file }, n) => ({ id: file.id, aside: asides[n] as PathText }));
    const operations = proven.map((one, n) =>
      intendedReclaim(one, { how: places.how, source: name, aside: asides[n] as PathText }),
    );
    await journal.write({ do: "intend", batch, operations });
    const answer = await this.#ask(thread, { do: "reclaim", steps });
    const results = proven.map(({ file }, n) => ({ file, result: answer[n] ?? ({ kind: "aborted" } as const) }));
    // Without a barrier nothing counts as done; the journal has the intention, and the disk tells.
    if (this.#failure !== null) return [];
    const told = results.map(({ file, result }) => reclaimedResult(file, { how: places.how, source: name, result }));
    await journal.write({ do: "done", batch, folders: [], results: told });
    return results;
  }

  /** A tree that is gone is remembered, not thrown: what other threads have done meanwhile must still be told. */
  async #ask(thread: Thread, request: Asked): Promise<readonly ReclaimResult[]> {
    try {
      this.#job.guard();
    } catch (error) {
      this.#fail(error as AppError);
      return [];
    }
    const { places } = this.#job;
    const { results, unflushed } = await thread.run({ ...request, places, stop: this.#stop });
    const stopped = unflushed ?? results.find((result) => result.kind === "stop");
    if (stopped !== undefined) this.#fail(this.#errorFor(stopped));
    return results;
  }

  #errorFor(stop: ReclaimStop): AppError {
    const { source, archive } = this.#job.places;
    return stop.of === "archive" ? stopError(archive.root, stop) : sourceLost(source.called, source.root, stop);
  }

  #fail(error: AppError): void {
    this.#failure ??= error;
    this.#halt();
  }

  #halt(): void {
    this.#isHalted = true;
    raise(this.#stop);
  }

  #giveBack(files: readonly ReclaimableFile[], { reclaimed }: ReclaimedBatch): void {
    const gone = new Set(reclaimed.map(({ file }) => file.id));
    for (const { id, size } of files) if (!gone.has(id)) this.#budget.giveBack(size);
  }

  async *#inPieces(
    files: AsyncIterable<readonly ReclaimableFile[]>,
  ): AsyncGenerator<readonly ReclaimableFile[], void, undefined> {
    let piece: ReclaimableFile[] = [];
    let bytes = 0;
    for await (const some of files) {
      for (const file of some) {
        if (this.#isOver || (piece.length === 0 && this.#budget.isSpent)) return;
        if (!this.#budget.take(file.size)) continue;
        piece.push(file);
        bytes += file.size;
        if (piece.length < mostFiles && bytes < mostBytes) continue;
        yield piece;
        piece = [];
        bytes = 0;
      }
    }
    if (piece.length > 0 && !this.#isOver) yield piece;
  }
}

type Thread = ThreadPool<ReclaimRequest, ReclaimAnswer>;
type Without<Request> = Request extends unknown ? Omit<Request, "places" | "stop"> : never;
type Asked = Without<ReclaimRequest>;

function provenOf(results: Results): Proven[] {
  return results.flatMap(({ file, result }) => {
    return result.kind === "proven" ? [{ file, before: result.before, ctimeNs: result.ctimeNs }] : [];
  });
}

function batchOf(results: Results): ReclaimedBatch {
  const failures = results.flatMap(({ file, result }) => (result.kind === "failed" ? [{ file, ...result }] : []));
  return {
    reclaimed: results.flatMap(({ file, result }) => reclaimedBy(file, result)),
    leftAlone: failures.map(({ file, code, message, entry }) => {
      const whose = entry === undefined ? message : `the archive's ${file.entry.path}: ${message}`;
      return {
        path: file.path,
        code: entry !== undefined && code === "ENOENT" ? "ENTRY_MISSING" : code,
        message: whose,
      };
    }),
    verified: [...new Set(results.flatMap(({ file, result }) => (result.kind === "reclaimed" ? [file.hash] : [])))],
    damaged: failures.flatMap(({ file, entry }) => {
      return entry?.actual == null ? [] : [{ hash: file.hash, actual: entry.actual }];
    }),
  };
}

function reclaimedBy(file: ReclaimableFile, result: ReclaimResult): ReclaimedFile[] {
  if (result.kind !== "reclaimed" && result.kind !== "found") return [];
  // The last of its names that may go, and none elsewhere; over a network nobody knows of other names.
  const isLast = file.names === null || (file.nth === file.names && file.names === result.names);
  const freedBytes = isLast || result.names === 1 ? file.size : 0;
  if (result.kind === "found") return [{ file, freedBytes, changed: file.changed, now: null }];
  return [{ file, freedBytes, changed: result.changed, now: result.now }];
}
