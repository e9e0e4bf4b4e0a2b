import { serveRequests } from "../threads/serve.ts";
import { repairOne } from "./repair-batch.ts";

serveRequests(repairOne);
