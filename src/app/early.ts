import { startEarly } from "../threads/pool.ts";

/** What a command that looks at disks does while the database starts: loads, then starts its threads. */
export function gettingReady(load: () => Promise<unknown>): () => Promise<void> {
  return async () => {
    await load();
    // One that looks at roots, two that walk.
    startEarly(3);
  };
}
