import { setMaxListeners } from "node:events";
import { isAbsolute, join } from "node:path";
import { readConnection } from "../inventory/connection.ts";
import type { Database } from "../inventory/database.ts";
import { openEmbedded } from "../inventory/embedded.ts";
import { type Config, type ConfigOptions, loadConfig } from "./config.ts";
import type { App } from "./context.ts";
import type { Progress } from "./progress.ts";

/** What the program was started with and in. */
export interface Start {
  readonly options: ConfigOptions;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Effective user id; 0 is root. */
  readonly userId: number;
  readonly version: string;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** A database that answers; its tables are as they were left. */
export interface OpenInventory extends AsyncDisposable {
  readonly db: Database;
  readonly url: string;
}

/** An app whose database is open, and the URL by which psql reaches that. */
export interface OpenedApp extends App, AsyncDisposable {
  readonly url: string;
}

/**
 * Reads the config, opens the database and brings its tables up to date.
 *
 * @param load Called while the embedded server starts, if it does.
 */
export async function openApp(start: Start, load: () => Promise<unknown>): Promise<OpenedApp> {
  const config = await loadConfig(start.options, start);
  const stateFolder = stateFolderOf(start);
  const inventory = await openInventory(config, stateFolder, { ...start, load });
  try {
    const { migrate } = await import("../inventory/migrate.ts");
    await migrate(inventory.db);
  } catch (error) {
    await inventory[Symbol.asyncDispose]();
    throw error;
  }
  const { progress, version } = start;
  // Without its database nothing can go on: what is in hand is put down as if Ctrl-C had come.
  const signal = AbortSignal.any([start.signal, inventory.db.lost]);
  // Whatever reads a source listens, and there may be many of them.
  setMaxListeners(0, signal);
  return {
    config,
    db: inventory.db,
    progress,
    signal,
    now: () => new Date(),
    version,
    stateFolder,
    url: inventory.url,
    [Symbol.asyncDispose]: () => inventory[Symbol.asyncDispose](),
  };
}

/** Opens the server that `database` names, or else starts or joins the embedded one. Changes no table. */
export async function openInventory(
  { database, databaseSchema }: Pick<Config, "database" | "databaseSchema">,
  stateFolder: string,
  { environment, signal, load }: Pick<Start, "environment" | "signal"> & { readonly load?: () => Promise<unknown> },
): Promise<OpenInventory> {
  const loadDriver = () => import("../inventory/database.ts");
  const meanwhile = () => void Promise.allSettled([loadDriver(), load?.()]);
  const server = database === null ? await openEmbedded(stateFolder, environment, { meanwhile }) : null;
  try {
    const { openDatabase } = await loadDriver();
    const settings = server === null ? await readConnection(database ?? "", environment) : server.config;
    const db = await openDatabase(settings, { schema: databaseSchema, signal });
    const close = async () => {
      await db[Symbol.asyncDispose]();
      await server?.[Symbol.asyncDispose]();
    };
    return { db, url: db.url, [Symbol.asyncDispose]: close };
  } catch (error) {
    await server?.[Symbol.asyncDispose]();
    throw error;
  }
}

/** Where onefold keeps what is its own: $ONEFOLD_STATE, else where the system wants such things. */
export function stateFolderOf({ environment, cwd, userId }: Pick<Start, "environment" | "cwd" | "userId">): string {
  const named = environment["ONEFOLD_STATE"];
  if (named !== undefined && named !== "") return isAbsolute(named) ? named : join(cwd, named);
  const xdg = environment["XDG_STATE_HOME"];
  if (xdg !== undefined && isAbsolute(xdg)) return join(xdg, "onefold");
  if (userId === 0) return "/var/lib/onefold";
  return join(environment["HOME"] ?? cwd, ".local", "state", "onefold");
}
