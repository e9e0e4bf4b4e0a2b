import type { PathText } from "../model/path.ts";
import type { EpochNs } from "../model/time.ts";
import { concurrently } from "../threads/concurrently.ts";
import { ThreadPool, ThreadSilent } from "../threads/pool.ts";

/** One file to be read, as the inventory knows it. */
export interface HashTask {
  /** Id of its row in the inventory; comes back with the result. */
  readonly id: number;
  /** Absolute path. */
  readonly path: PathText;
  /** Length in bytes. */
  readonly size: number;
  readonly modified: EpochNs;
}

/**
 * How much of a file is read: "ends" takes the first and last bytes of a large file
 * and all of a small one, in one open; "whole" takes everything.
 */
export type Depth = "ends" | "whole";

export interface HashRequest {
  readonly depth: Depth;
  readonly ids: Float64Array;
  /** Absolute. */
  readonly paths: readonly PathText[];
  readonly sizes: Float64Array;
  readonly modified: BigInt64Array;
  /** "local": the system may read ahead. */
  readonly disk: "local" | "remote";
}

/** What became of a batch of files. */
export interface HashedBatch {
  /**
   * A row a file that was read, as `CopyRows` writes it: id, size, mtime and ctime as they were while it was read, racy,
   * head and hash (none for one of them).
   */
  readonly rows: Uint8Array;
  readonly files: number;
  readonly bytesRead: number;
  readonly unreadable: readonly UnreadableFile[];
}

export interface UnreadableFile {
  readonly id: number;
  /** The system's error code, or "CHANGED_WHILE_READ". */
  readonly code: string;
}

export interface HashOptions {
  readonly depth: Depth;
  readonly threads: number;
  /** Where the files are: over a network each question more costs. */
  readonly disk: "local" | "remote";
  readonly signal: AbortSignal;
  /** See ThreadPool. */
  readonly patienceSeconds?: number | null;
}

/** Threads that wait for a network: all of them are to have something to wait for. */
const filesPerRequest = { local: 256, remote: 32 } as const;
const bytesPerRequest = 64 * 1024 * 1024;

/**
 * Reads files in worker threads, as many at a time as there are threads, and yields
 * what was found batch by batch, in no particular order. Takes no more tasks than it
 * can work on: memory does not grow with their number.
 *
 * Order the tasks as they lie on the disk; threads take neighbouring files together.
 *
 * @param signal Ends it at once: what is being read is discarded.
 * @throws ThreadSilent if the disk does not answer
 */
export async function* hashFiles(
  tasks: AsyncIterable<readonly HashTask[]>,
  { depth, threads, disk, signal, patienceSeconds = null }: HashOptions,
): AsyncGenerator<HashedBatch, void, undefined> {
  const entry = new URL("./hash.worker.js", import.meta.url);
  await using pool = new ThreadPool<HashRequest, HashedBatch>(entry, threads, { patienceSeconds, sharesThreads: true });
  // A thread that reads a film would go on for minutes.
  const stop = () => void pool[Symbol.asyncDispose]();
  signal.addEventListener("abort", stop);
  const read = async (request: HashRequest) => {
    try {
      return await pool.run(request);
    } catch (error) {
      if (signal.aborted) return null;
      // The other threads of a disk that does not answer hang as well.
      if (error instanceof ThreadSilent) stop();
      throw error;
    }
  };
  try {
    for await (const batch of concurrently(requests(tasks, { depth, disk, signal }), threads + 1, read)) {
      if (batch !== null) yield batch;
    }
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

async function* requests(
  tasks: AsyncIterable<readonly HashTask[]>,
  { depth, disk, signal }: Pick<HashOptions, "depth" | "disk" | "signal">,
): AsyncGenerator<HashRequest, void, undefined> {
  const most = filesPerRequest[disk];
  let batch: HashTask[] = [];
  let bytes = 0;
  for await (const some of tasks) {
    for (const task of some) {
      if (signal.aborted) return;
      batch.push(task);
      bytes += depth === "whole" ? task.size : 0;
      if (batch.length < most && bytes < bytesPerRequest) continue;
      yield requestFor(batch, depth, disk);
      batch = [];
      bytes = 0;
    }
  }
  if (batch.length > 0) yield requestFor(batch, depth, disk);
}

function requestFor(batch: readonly HashTask[], depth: Depth, disk: HashRequest["disk"]): HashRequest {
  return {
    depth,
    disk,
    ids: Float64Array.from(batch, (task) => task.id),
    paths: batch.map((task) => task.path),
    sizes: Float64Array.from(batch, (task) => task.size),
    modified: BigInt64Array.from(batch, (task) => task.modified),
  };
}
