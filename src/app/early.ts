import { startEarly } from "../threads/pool.ts";

/** For commands that look at disks: the threads that look at roots and walk start while the database does. */
export function startThreads(): void {
  startEarly(3);
}
