import { serveRequests } from "../threads/serve.ts";
import { copyBatch } from "./copy-batch.ts";

serveRequests(copyBatch);
