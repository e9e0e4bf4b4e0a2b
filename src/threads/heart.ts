import { workerData } from "node:worker_threads";

/**
 * Tells the main thread that a thread gets on: it grows with every file and every piece of one. Shared memory, since a
 * thread inside a system call answers no messages.
 */
export type Heart = Int32Array<SharedArrayBuffer>;

export function newHeart(): Heart {
  return new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT));
}

const own = heartIn(workerData);

/**
 * For the code of a thread: call it after every system call that may hang. Costs some nanoseconds.
 *
 * @param mayTakeLong What comes next may take as long as it likes, as the flush of a large file does.
 */
export function beat(mayTakeLong = false): void {
  if (own === null) return;
  Atomics.add(own, 0, 1);
  Atomics.store(own, 1, mayTakeLong ? 1 : 0);
}

export function beats(heart: Heart): number {
  return Atomics.load(heart, 0);
}

export function mayTakeLong(heart: Heart): boolean {
  return Atomics.load(heart, 1) !== 0;
}

/** The same modules also run outside of a pool's threads, in tests. */
function heartIn(data: unknown): Heart | null {
  if (typeof data !== "object" || data === null || !("heart" in data)) return null;
  return data.heart instanceof Int32Array ? (data.heart as Heart) : null;
}
