import { type PathText, systemPath } from "../model/path.ts";
import { concurrently } from "../threads/concurrently.ts";
import { ThreadPool } from "../threads/pool.ts";

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
 */
export async function* lookAt(
  tasks: AsyncIterable<readonly LookTask[]>,
  { threads, signal }: { readonly threads: number; readonly signal: AbortSignal },
): AsyncGenerator<Uint8Array, void, undefined> {
  await using pool = new ThreadPool<LookRequest, Uint8Array>(new URL("./look.worker.js", import.meta.url), threads);
  const look = (some: readonly LookTask[]) =>
    pool.run({ ids: Float64Array.from(some, ({ id }) => id), paths: some.map(({ path }) => systemPath(path)) });
  for await (const rows of concurrently(tasks, threads + 1, look)) {
    if (signal.aborted) return;
    yield rows;
  }
}
