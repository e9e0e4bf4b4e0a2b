/** Entry of every thread: answers one request after the other, by the module that each names. */
import { parentPort } from "node:worker_threads";
import { type Service, serviceIn } from "./serve.ts";
import type { Answer, Asked } from "./thread.ts";

const services = new Map<string, Service>();

parentPort?.on("message", (asked: Asked) => void answer(asked));

async function answer({ module, request }: Asked): Promise<void> {
  try {
    const service = services.get(module) ?? (await serviceIn(module));
    services.set(module, service);
    const result = await service.work(request);
    parentPort?.postMessage({ result } satisfies Answer<unknown>, service.transferred(result));
  } catch (thrown) {
    parentPort?.postMessage({ thrown } satisfies Answer<unknown>);
  }
}
