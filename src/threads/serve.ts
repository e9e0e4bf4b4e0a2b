import type { Transferable } from "node:worker_threads";

/** How a thread answers requests of one kind. */
export interface Service {
  readonly work: (request: unknown) => unknown;
  readonly transferred: (result: unknown) => readonly Transferable[];
}

let told: Service | null = null;

/**
 * The thread's side of a `ThreadPool`, for the module that the pool names: answers one request after the other.
 *
 * @param transferred What of a result is handed over instead of copied.
 */
export function serveRequests<Request, Result>(
  work: (request: Request) => Result | Promise<Result>,
  transferred: (result: Result) => readonly Transferable[] = () => [],
): void {
  // Who asks and who answers name the types on both sides of the thread's border.
  told = { work, transferred } as unknown as Service;
}

/** For the thread's entry: loads a module that calls {@link serveRequests}. */
export async function serviceIn(module: string): Promise<Service> {
  told = null;
  await import(module);
  if (told === null) throw new Error(`${module} serves no requests`);
  return told;
}
