import { serveRequests } from "../threads/serve.ts";
import { restoreBatch } from "./restore-batch.ts";

serveRequests(restoreBatch);
