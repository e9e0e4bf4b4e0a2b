import type { CopyOperation, LinkOperation } from "../model/operation.ts";
import { joinPath } from "../model/path.ts";
import { ThreadPool, ThreadSilent } from "../threads/pool.ts";
import type { Archive } from "./archive.ts";
import { type Batch, inBatches } from "./batches.ts";
import type { CopyCandidate } from "./candidate.ts";
import type { CopyResult } from "./copy.ts";
import type { CopyRequest } from "./copy-batch.ts";
import { archiveExchanged, archiveReserveReached } from "./errors.ts";
import type { StepJournal } from "./journal.ts";
import { doneRecord, intendedCopy } from "./journal-steps.ts";
import type { Advice, Executed, ExecutedBatch, Outcome, SourceWatch, Step } from "./outcome.ts";
import { type PlacedBatch, Placer, stopError } from "./placer.ts";
import { newTemporaryName, temporaryPath } from "./private-folder.ts";
import { failed } from "./problems.ts";
import { readSpace } from "./space.ts";
import { newStopFlag, raise, type StopFlag } from "./stop-flag.ts";

/**
 * Carries out operations of one run: the only way by which files get into an archive.
 *
 * One executor serves all sources of a run; {@link Executor.execute} may be called for several at the same time.
 */
export class Executor implements AsyncDisposable {
  readonly #archive: Archive;
  readonly #journal: StepJournal;
  readonly #advice: Advice;
  readonly #signal: AbortSignal;
  readonly #placer: Placer;
  readonly #flags = new Set<StopFlag>();
  readonly #onAbort = () => this.#stopThreads();
  #batches = 0;
  #failure: { readonly error: unknown } | null = null;

  /** @param signal Aborting it puts down the files in hand; see {@link Executor.execute}. */
  constructor(archive: Archive, options: { journal: StepJournal; advice: Advice; signal: AbortSignal }) {
    this.#archive = archive;
    this.#journal = options.journal;
    this.#advice = options.advice;
    this.#signal = options.signal;
    this.#placer = new Placer(archive.root, options);
    this.#signal.addEventListener("abort", this.#onAbort);
  }

  /**
   * Copies and links, in order, a few batches at a time; memory does not grow with the number of operations.
   *
   * A batch that is yielded is on the disk for good and in the journal. Asking for the next one tells that the caller has
   * recorded it. All operations before a change from copies to links are yielded, and thus recorded, before the first
   * link is tried. After an abort, batches being placed are finished, copies in hand are thrown away and reported as
   * `aborted`, and the generator ends.
   *
   * @param operations Of one source, in the order in which its disk likes to be read.
   * @param readers Batches of this source read at the same time: 1 for a rotating disk.
   * @param watch Of the source, if its operations are copies. Once it is lost the generator ends, and what was in hand is
   *   reported as `aborted`; other sources go on.
   * @param patienceSeconds A reader that makes no progress for so long hangs: the source, or the archive, is lost.
   * @throws AppError ARCHIVE_FULL, ARCHIVE_LOST, for all sources of the run, after what was done is yielded
   */
  async *execute(
    operations: AsyncIterable<Step> | Iterable<Step>,
    { readers, watch = null, patienceSeconds = null }: ExecuteOptions,
  ): AsyncGenerator<ExecutedBatch, void, undefined> {
    const entry = new URL("./copy.worker.js", import.meta.url);
    await using threads = new ThreadPool<CopyRequest, CopyResult[]>(entry, readers, { patienceSeconds });
    const stop = newStopFlag();
    const onLost = () => raise(stop);
    const running: Promise<ExecutedBatch | null>[] = [];
    let kind: Batch["kind"] = "copy";
    this.#flags.add(stop);
    watch?.signal.addEventListener("abort", onLost);
    try {
      for await (const batch of inBatches(operations)) {
        while (running.length > readers || (running.length > 0 && batch.kind !== kind)) yield* this.#deliver(running);
        if (this.#isStopping || watch?.signal.aborted) break;
        kind = batch.kind;
        running.push(this.#carryOut(batch, { threads, stop, watch }));
      }
      while (running.length > 0) yield* this.#deliver(running);
    } finally {
      // Also when the caller leaves early.
      raise(stop);
      await Promise.all(running);
      this.#flags.delete(stop);
      watch?.signal.removeEventListener("abort", onLost);
    }
    if (this.#failure !== null) throw this.#failure.error;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#signal.removeEventListener("abort", this.#onAbort);
    await this.#placer[Symbol.asyncDispose]();
  }

  get #isStopping(): boolean {
    return this.#signal.aborted || this.#failure !== null;
  }

  async *#deliver(running: Promise<ExecutedBatch | null>[]): AsyncGenerator<ExecutedBatch, void, undefined> {
    const batch = await running.shift();
    if (batch === undefined || batch === null) return;
    yield batch;
    this.#placer.forget(batch.results.map(({ outcome }) => outcome));
  }

  /** null: it failed as a whole, and with it the run. */
  async #carryOut(batch: Batch, reading: Reading): Promise<ExecutedBatch | null> {
    try {
      if (!(await this.#mayBegin(batch, reading))) {
        return { results: batch.operations.map((operation) => executed(operation, null)) };
      }
      const number = this.#batches++;
      const placed =
        batch.kind === "copy"
          ? await this.#copyAndPlace(number, batch.operations.filter(isCopy), reading)
          : await this.#placer.placeLinks(number, batch.operations.filter(isLink));
      if (placed.stop !== null) this.#fail(stopError(this.#archive.root, placed.stop));
      const results = batch.operations.map((operation) => executed(operation, placed));
      await this.#journal.write(doneRecord(number, results, placed.folders));
      return { results };
    } catch (error) {
      this.#fail(error);
      return null;
    }
  }

  /**
   * Before each batch: the archive and the source are where they were, and there is room, whoever else writes there.
   *
   * @returns false if the source is lost
   * @throws AppError ARCHIVE_LOST, ARCHIVE_FULL
   */
  async #mayBegin({ kind, operations }: Batch, { watch }: Reading): Promise<boolean> {
    const { root } = this.#archive;
    if (!(await this.#advice.archiveIsThere())) throw archiveExchanged(root);
    if (kind !== "copy") return true;
    if (watch !== null && !(await watch.isThere())) return false;
    const bytes = operations.reduce((sum, { from }) => sum + from.size, 0);
    const { free, reserve } = await readSpace(root);
    if (bytes > 0 && bytes + reserve > free) throw archiveReserveReached(root, { free, reserve });
    return true;
  }

  async #copyAndPlace(number: number, operations: readonly CopyOperation[], reading: Reading): Promise<PlacedBatch> {
    const named = operations.map((operation) => ({ operation, temporary: newTemporaryName() }));
    const intentions = named.map(({ operation, temporary }) => intendedCopy(operation, { ...operation, temporary }));
    await this.#journal.write({ do: "intend", batch: number, operations: intentions });
    try {
      const copies = await this.#copy(named, reading);
      const placed = await this.#placer.placeCopies(number, copies.flatMap(candidates));
      const listed = await this.#listed(copies, reading);
      for (const { operation, result } of copies) {
        if (result.kind !== "copied") placed.outcomes.set(operation, notCopied(operation, result, listed));
      }
      return { ...placed, stop: placed.stop ?? copies.map(({ result }) => result).find(isStop) ?? null };
    } catch (error) {
      // What cannot be removed now, because the disk is gone, is removed when the archive is opened again.
      await Promise.allSettled([this.#placer.discard(named.map(({ temporary }) => temporary))]);
      throw error;
    }
  }

  /** Failures that are this file's own. */
  async #listed(copies: readonly Attempted[], { watch }: Reading): Promise<ReadonlySet<CopyResult>> {
    const failures = copies.flatMap(({ result }) => (result.kind === "failed" ? [result] : []));
    watch?.count(copies.length);
    const ofSource = failures.filter(({ ofArchive }) => ofArchive !== true);
    const heard = watch === null ? ofSource : await watch.hear(ofSource);
    return new Set([...heard, ...failures.filter(({ ofArchive }) => ofArchive === true)]);
  }

  async #copy(named: readonly Named[], { threads, stop, watch }: Reading): Promise<readonly Attempted[]> {
    const { root, fileMode } = this.#archive;
    const tasks = named.map(({ operation: { from, hash }, temporary }) => ({
      source: joinPath(from.root, from.path),
      size: from.size,
      modified: from.modified,
      hash,
      temporary: temporaryPath(root, temporary),
    }));
    const results = await threads.run({ root, tasks, fileMode, stop }).catch(async (error: unknown) => {
      if (!(error instanceof ThreadSilent) || watch === null) throw error;
      // Reading and writing take turns in the thread that hangs: only the archive can tell which of them it was.
      if (!(await this.#advice.archiveIsThere())) throw archiveExchanged(root);
      watch.lose(error.message);
      await this.#placer.discard(named.map(({ temporary }) => temporary));
      return [];
    });
    return named.map((name, n) => ({ ...name, result: results[n] ?? { kind: "aborted", bytesRead: 0 } }));
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#stopThreads();
  }

  #stopThreads(): void {
    for (const flag of this.#flags) raise(flag);
  }
}

interface ExecuteOptions {
  readonly readers: number;
  readonly watch?: SourceWatch | null;
  readonly patienceSeconds?: number | null;
}

interface Reading {
  readonly threads: ThreadPool<CopyRequest, CopyResult[]>;
  readonly stop: StopFlag;
  readonly watch: SourceWatch | null;
}

interface Named {
  readonly operation: CopyOperation;
  readonly temporary: string;
}

interface Attempted extends Named {
  readonly result: CopyResult;
}

const isCopy = (operation: Step): operation is CopyOperation => operation.do === "copy";
const isLink = (operation: Step): operation is LinkOperation => operation.do === "link";
const isStop = (copy: CopyResult) => copy.kind === "stop";

function candidates({ operation, temporary, result }: Attempted): CopyCandidate[] {
  if (result.kind !== "copied") return [];
  const { kind: _copied, ...read } = result;
  return [{ operation, temporary, read, hash: read.hash, to: operation.to, renamed: false, held: null }];
}

function notCopied(
  operation: Step,
  copy: Exclude<CopyResult, { kind: "copied" }>,
  listed: ReadonlySet<CopyResult>,
): Outcome {
  return copy.kind === "failed" && listed.has(copy)
    ? failed(operation, copy, copy.bytesRead)
    : { kind: "aborted", bytesRead: copy.bytesRead };
}

function executed(operation: Step, placed: PlacedBatch | null): Executed {
  return { operation, outcome: placed?.outcomes.get(operation) ?? { kind: "aborted", bytesRead: 0 } };
}
