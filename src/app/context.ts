import type { Database } from "../inventory/database.ts";
import type { Config } from "./config.ts";
import type { Progress } from "./progress.ts";

/** What every use case works with: nothing of it is global. */
export interface App {
  readonly config: Config;
  readonly db: Database;
  readonly progress: Progress;
  /** Aborted by Ctrl-C or SIGTERM: finish or discard what is in hand, take nothing new. */
  readonly signal: AbortSignal;
  /** The one clock. */
  readonly now: () => Date;
  /** Of this program. */
  readonly version: string;
  /** Below which onefold keeps what is its own, outside the archive. */
  readonly stateFolder: string;
}
