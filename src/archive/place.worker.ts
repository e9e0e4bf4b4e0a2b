import { serveRequests } from "../threads/serve.ts";
import { placeBatch } from "./place-batch.ts";

serveRequests(placeBatch);
