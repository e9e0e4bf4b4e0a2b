import { blake3 } from "@napi-rs/blake-hash";
import type { AppError } from "../model/errors.ts";
import type { Hash, SourceName } from "../model/file.ts";
import type { PathText } from "../model/path.ts";
import type { EpochNs } from "../model/time.ts";
import { ThreadPool } from "../threads/pool.ts";
import type { Archive } from "./archive.ts";
import { sourceLost } from "./errors.ts";
import { journalPath, type StepJournal } from "./journal.ts";
import { readJournal } from "./read-journal.ts";
import type { PlacesOf } from "./reclaim-alias.ts";
import type { IntendedReclaim, IntendedRestore, ReclaimedResult, RestoredResult } from "./reclaim-records.ts";
import type { RestoreAnswer, RestoreRequest, RestoreResult } from "./restore-batch.ts";
import type { RestoreStep } from "./restore-file.ts";
import { newStopFlag, raise } from "./stop-flag.ts";

/** What a run has taken from a source. */
export interface TakenJob {
  readonly archive: Pick<Archive, "root">;
  /** The run that has taken the files. */
  readonly run: string;
  readonly source: { readonly name: SourceName; readonly root: PathText };
}

/** Taking back one run over one source. */
export interface RestoreJob extends TakenJob {
  readonly archive: Archive;
  /** Where the archive has contents now. */
  readonly placesOf: (hashes: readonly Hash[]) => Promise<PlacesOf>;
  /** Called before each batch. @throws AppError if the share is not there any more */
  readonly guard: () => void;
  readonly signal: AbortSignal;
}

/** What was done: on the disk for good, and in the journal. */
export interface RestoredBatch {
  readonly restored: readonly RestoredFile[];
  /** Files that had never gone, or had come back. */
  readonly alreadyThere: number;
  readonly failed: readonly { readonly path: PathText; readonly code: string; readonly message: string }[];
}

export interface RestoredFile {
  readonly path: PathText;
  readonly hash: Hash;
  /** Bytes. */
  readonly size: number;
  readonly modified: EpochNs;
  /** Last change now, if the file certainly holds what was recorded. */
  readonly unchanged: EpochNs | null;
}

/**
 * Brings back what a reclaiming run has taken from its source, as its journal tells and the disk confirms; also of a run
 * that was killed. Safe to repeat, and to interrupt. Reads the journal once, a line at a time.
 *
 * It goes forward: a run takes each name once, so the order of going back does not matter, and memory stays small.
 *
 * @param begin Called before the first change.
 * @throws AppError JOURNAL_DAMAGED, SOURCE_LOST, what `guard` throws; NodeJS.ErrnoException if the journal is not there
 */
export async function* restoreReclaimed(
  job: RestoreJob,
  begin: () => Promise<StepJournal>,
): AsyncGenerator<RestoredBatch, void, undefined> {
  const worker = new URL("./restore.worker.js", import.meta.url);
  await using thread = new ThreadPool<RestoreRequest, RestoreAnswer>(worker, 1);
  const stop = newStopFlag();
  const onAbort = () => raise(stop);
  job.signal.addEventListener("abort", onAbort);
  let batch = 0;
  try {
    for await (const taken of takenBy(job)) {
      if (job.signal.aborted) return;
      job.guard();
      const journal = await begin();
      const steps = await stepsFor(job, taken);
      await journal.write({ do: "intend", batch, operations: steps.map(intended) });
      const { root, name } = job.source;
      const source = { root, called: `source "${name}"` };
      const { results, unflushed } = await thread.run({ source, archive: job.archive.root, steps, stop });
      const lost = (why: Parameters<typeof sourceLost>[2]): AppError => sourceLost(source.called, root, why);
      if (unflushed !== null) throw lost(unflushed);
      const pairs = steps.flatMap((step, n) => (results[n] === undefined ? [] : [{ step, result: results[n] }]));
      await journal.write({ do: "done", batch, folders: [], results: pairs.map(told) });
      yield batchOf(pairs);
      const stopped = results.find((result) => result.kind === "stop");
      if (stopped !== undefined) throw lost(stopped);
      batch += 1;
    }
  } finally {
    job.signal.removeEventListener("abort", onAbort);
  }
}

/** A file that a run has taken, or may have. */
export interface Taken {
  readonly operation: IntendedReclaim;
  /** null: the run was killed before it could say. */
  readonly result: ReclaimedResult | null;
}

interface Pair {
  readonly step: RestoreStep;
  readonly result: RestoreResult;
}

/** What the run meant to take, batch by batch, with what it said of it. */
export async function* takenBy({ archive, run, source }: TakenJob): AsyncGenerator<Taken[], void, undefined> {
  // As many as there were threads.
  const open = new Map<number, readonly IntendedReclaim[]>();
  for await (const record of readJournal(journalPath(archive.root, run))) {
    if (record.do === "intend") {
      const ours = record.operations.flatMap((one) => (one.do === "reclaim" ? [one] : []));
      open.set(
        record.batch,
        ours.filter(({ from }) => from.source === source.name),
      );
    } else if (record.do === "done") {
      const results = record.results.flatMap((one) => ("do" in one && one.do === "reclaim" ? [one] : []));
      const said = new Map(results.map((result) => [result.from.path, result]));
      const operations = open.get(record.batch) ?? [];
      open.delete(record.batch);
      yield operations.map((operation) => ({ operation, result: said.get(operation.from.path) ?? null }));
    }
  }
  for (const operations of open.values()) yield operations.map((operation) => ({ operation, result: null }));
}

async function stepsFor({ run, placesOf }: RestoreJob, taken: readonly Taken[]): Promise<RestoreStep[]> {
  const places = await placesOf([...new Set(taken.map(({ operation }) => operation.hash))]);
  return taken.map(({ operation, result }) => {
    const { existing, hash, from } = operation;
    return {
      operation,
      wasTaken: result === null || result.outcome === "reclaimed",
      changed: result?.ctimeNs === undefined ? null : (BigInt(result.ctimeNs) as EpochNs),
      held: [...new Set([existing, ...(places.get(hash) ?? [])])],
      temporary: `restore-${blake3(`${run}\0${from.path}`).toString("hex").slice(0, 32)}`,
    };
  });
}

function intended({ operation }: RestoreStep): IntendedRestore {
  const { how, from, hash, size, aside } = operation;
  return { do: "restore", how, from, hash, size, aside };
}

function told({ step, result }: Pair): RestoredResult {
  const { from, hash } = step.operation;
  const base = { do: "restore", from, hash } as const;
  if (result.kind === "stop" || result.kind === "failed") return { ...base, outcome: "failed", code: result.code };
  return { ...base, outcome: result.kind };
}

function batchOf(pairs: readonly Pair[]): RestoredBatch {
  return {
    restored: pairs.flatMap(({ step: { operation }, result }) => {
      if (result.kind !== "restored") return [];
      const { from, hash, size, mtimeNs } = operation;
      return [{ path: from.path, hash, size, modified: BigInt(mtimeNs) as EpochNs, unchanged: result.unchanged }];
    }),
    alreadyThere: pairs.filter(({ result }) => result.kind === "alreadyThere").length,
    failed: pairs.flatMap(({ step, result }) => {
      if (result.kind !== "failed") return [];
      return [{ path: step.operation.from.path, code: result.code, message: result.message }];
    }),
  };
}
