import { serveRequests } from "../threads/serve.ts";
import { ReclaimWork } from "./reclaim-batch.ts";

// Of a clock that goes on whatever is done to the time of day.
const work = new ReclaimWork(() => performance.now());

serveRequests((request: Parameters<ReclaimWork["answer"]>[0]) => work.answer(request));
