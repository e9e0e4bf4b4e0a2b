import { serveRequests } from "../threads/serve.ts";
import { undoBatch } from "./undo-batch.ts";

serveRequests(undoBatch);
