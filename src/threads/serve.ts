import { parentPort, type Transferable } from "node:worker_threads";
import type { Answer } from "./thread.ts";

/**
 * The thread's side of a `ThreadPool`: answers one request after the other.
 *
 * @param transferred What of a result is handed over instead of copied.
 */
export function serveRequests<Request, Result>(
  work: (request: Request) => Result | Promise<Result>,
  transferred: (result: Result) => readonly Transferable[] = () => [],
): void {
  const port = parentPort;
  if (port === null) throw new Error("serveRequests: not in a worker thread");
  const answer = async (request: Request) => {
    try {
      const result = await work(request);
      port.postMessage({ result } satisfies Answer<Result>, transferred(result));
    } catch (thrown) {
      port.postMessage({ thrown } satisfies Answer<Result>);
    }
  };
  port.on("message", (request: Request) => void answer(request));
}
