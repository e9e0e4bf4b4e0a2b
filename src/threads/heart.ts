import { workerData } from "node:worker_threads";

/**
 * Tells the main thread that a thread gets on: it grows with every file and every piece of one. Shared memory, since a
 * thread inside a system call answers no messages.
 */
export type Heart = Int32Array<SharedArrayBuffer>;

export function newHeart(): Heart {
  return new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
}

const own = heartIn(workerData);

/** For the code of a thread: call it after every system call that may hang. Costs some nanoseconds. */
export function beat(): void {
  if (own !== null) Atomics.add(own, 0, 1);
}

export function beats(heart: Heart): number {
  return Atomics.load(heart, 0);
}

/** The same modules also run outside of a pool's threads, in tests. */
function heartIn(data: unknown): Heart | null {
  if (typeof data !== "object" || data === null || !("heart" in data)) return null;
  return data.heart instanceof Int32Array ? (data.heart as Heart) : null;
}
