import { serveRequests } from "../threads/serve.ts";
import { relinkBatch } from "./relink-batch.ts";

serveRequests(relinkBatch);
