import { type PathText, systemPath } from "../model/path.ts";
import { concurrently } from "../threads/concurrently.ts";
import { ThreadPool, ThreadSilent } from "../threads/pool.ts";
import type { WalkOptions } from "./walk.ts";

/** One file to be looked at. */
export interface LookTask {
  readonly id: number;
  /** Absolute. */
  readonly path: PathText;
}

export interface LookRequest {
  readonly ids: Float64Array;
  readonly paths: readonly (string | Buffer)[];
}

/**
 * Looks whether files are there and how they stand, in worker threads; opens none.
 *
 * @returns COPY lines, in no particular order: id, size, mtime, device, inode, and why the others could not be told
 *   (an error code, or "NOT_A_FILE").
 * @throws ThreadSilent if the disk does not answer
 */
export async function* lookAt(
  tasks: AsyncIterable<readonly LookTask[]>,
  { threads, signal, patienceSeconds }: WalkOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const worker = new URL("./look.worker.js", import.meta.url);
  await using pool = new ThreadPool<LookRequest, Uint8Array>(worker, threads, { patienceSeconds, sharesThreads: true });
  const look = async (some: readonly LookTask[]) => {
    try {
      const ids = Float64Array.from(some, ({ id }) => id);
      return await pool.run({ ids, paths: some.map(({ path }) => systemPath(path)) });
    } catch (error) {
      // The other threads of a disk that does not answer hang as well.
      if (error instanceof ThreadSilent) void pool[Symbol.asyncDispose]();
      throw error;
    }
  };
  for await (const rows of concurrently(tasks, threads + 1, look)) {
    if (signal.aborted) return;
    yield rows;
  }
}
