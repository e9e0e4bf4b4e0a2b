import type { Category } from "../model/category.ts";
import type { Evidence } from "../model/evidence.ts";
import { type PathText, systemPath } from "../model/path.ts";
import { concurrently } from "../threads/concurrently.ts";
import { ThreadPool, ThreadSilent } from "../threads/pool.ts";
import { Exiftool } from "./exiftool.ts";
import { addExiftoolTags } from "./exiftool-dates.ts";
import { Findings } from "./findings.ts";
import type { Look, LookRequest } from "./read.worker.ts";

/** One file whose evidence is wanted. */
export interface EvidenceRequest {
  readonly id: number;
  /** Files of different sources are never read in one go, so that one that hangs does not speak for another. */
  readonly source: string;
  /** Absolute. */
  readonly path: PathText;
  readonly name: PathText;
  /** Bytes. */
  readonly size: number;
  readonly category: Category;
}

export type EvidenceResult =
  | {
      readonly id: number;
      readonly evidence: Evidence;
      /** Bytes read from the file, by us and by exiftool. */
      readonly bytesRead: number;
      /** Metadata that stayed unread, because exiftool is missing or failed: what and why. */
      readonly unread?: string;
    }
  | {
      readonly id: number;
      /** Code of the system ("EACCES"), "UNREADABLE", or {@link silent}: its disk does not answer. */
      readonly unreadable: string;
      readonly message: string;
      readonly bytesRead: number;
    };

export interface ReadOptions {
  /** Threads that read at once; each on one file. */
  readonly threads: number;
  /** See ThreadPool. */
  readonly patienceSeconds?: number | null;
  /** exiftool processes at most; 0: do not use it. Started only when a file needs it. */
  readonly exiftool: number;
  /** Ends the reading: no further file is begun. */
  readonly signal?: AbortSignal;
}

const batchSize = 64;

/** Instead of a code of the system: nobody knows how the file is. */
export const silent = "SILENT";

/**
 * Reads what files say about when they were captured. Opens each once and reads a few KiB of it; about 0.2 ms a
 * file, where exiftool must be asked about 15 ms. Memory does not grow with the number of files.
 *
 * @returns One result for each request, in any order. A file that cannot be read is a result, too.
 * @throws the signal's reason when aborted.
 */
export async function* readEvidence(
  requests: AsyncIterable<EvidenceRequest> | Iterable<EvidenceRequest>,
  { threads, exiftool, signal, patienceSeconds = null }: ReadOptions,
): AsyncGenerator<EvidenceResult> {
  await using pool = new ThreadPool<readonly LookRequest[], readonly Look[]>(
    new URL("./read.worker.js", import.meta.url),
    threads,
    { patienceSeconds, sharesThreads: true },
  );
  await using tool = new Exiftool(exiftool);
  const helper = exiftool > 0 ? tool : null;
  // A film on a slow share may keep exiftool busy for minutes: whoever stops us does not wait for it.
  const stop = () => void tool[Symbol.asyncDispose]();
  signal?.addEventListener("abort", stop, { once: true });
  const readBatch = async (batch: readonly EvidenceRequest[]): Promise<readonly EvidenceResult[]> => {
    const looks = await lookThrough(pool, batch);
    return Promise.all(batch.map((request, n) => finish(request, looks[n], helper)));
  };
  try {
    for await (const results of concurrently(batches(requests, signal), 2 * threads + 2 * exiftool, readBatch)) {
      // What was cut short must not pass for all there is to know.
      signal?.throwIfAborted();
      yield* results;
    }
  } finally {
    signal?.removeEventListener("abort", stop);
  }
}

/** A message to a thread costs as much as some files, and so does the way to their folder: many go together. */
async function* batches(
  requests: AsyncIterable<EvidenceRequest> | Iterable<EvidenceRequest>,
  signal: AbortSignal | undefined,
): AsyncGenerator<readonly EvidenceRequest[]> {
  let batch: EvidenceRequest[] = [];
  for await (const request of requests) {
    signal?.throwIfAborted();
    const [first] = batch;
    if (first !== undefined && (batch.length >= batchSize || first.source !== request.source)) {
      yield batch;
      batch = [];
    }
    batch.push(request);
  }
  if (batch.length > 0) yield batch;
}

async function lookThrough(
  pool: ThreadPool<readonly LookRequest[], readonly Look[]>,
  batch: readonly EvidenceRequest[],
): Promise<readonly Look[]> {
  const wanted = batch.map(({ path, name, category }) => ({ path, name, category }));
  try {
    return await pool.run(wanted);
  } catch (error) {
    // The thread died, of one file or for lack of memory: these files are reported, the others go on.
    const code = error instanceof ThreadSilent ? silent : "UNREADABLE";
    const failure = { code, message: messageOf(error) };
    return batch.map(() => ({ evidence: null, unread: null, bytesRead: 0, failure }));
  }
}

async function finish(
  { id, path }: EvidenceRequest,
  look: Look | undefined,
  tool: Exiftool | null,
): Promise<EvidenceResult> {
  const { evidence = null, unread = null, bytesRead = 0, failure = null } = look ?? {};
  if (evidence === null) {
    return { id, unreadable: failure?.code ?? "UNREADABLE", message: failure?.message ?? "no answer", bytesRead };
  }
  if (unread === null) return { id, evidence, bytesRead };
  if (tool === null || tool.broken) return { id, evidence, bytesRead, unread: `${unread}: exiftool is not used` };
  try {
    const reading = await tool.read(systemPath(path));
    const findings = new Findings(evidence);
    addExiftoolTags(reading.tags, findings);
    return { id, evidence: findings.evidence(), bytesRead: bytesRead + reading.bytesRead };
  } catch (error) {
    return { id, evidence, bytesRead, unread: `${unread}: exiftool failed: ${messageOf(error)}` };
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
