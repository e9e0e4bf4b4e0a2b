import { lstat, statfs } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ownFolderIn } from "../archive/probe.ts";
import { sqlState } from "../inventory/database-errors.ts";
import { checkReadiness, type Readiness } from "../inventory/migrate.ts";
import { isRunLockHeld } from "../inventory/run-lock.ts";
import { allSources, archiveAt, type KnownSource } from "../inventory/sources.ts";
import { AppError, ExitCode, systemCode } from "../model/errors.ts";
import type { PathText } from "../model/path.ts";
import { formatBytes, formatNumberOf } from "../model/units.ts";
import { bad, type Check, databaseLabel, failed, good } from "./doctor-check.ts";
import type { DatabaseSetup, Setup } from "./doctor-setup.ts";
import { type OpenInventory, openInventory, type Start, stateFolderOf } from "./open.ts";

/** What the inventory remembers of the places that are checked. */
export interface Memory {
  readonly sources: readonly KnownSource[];
  readonly archive: KnownSource | null;
  /** Somebody scans or changes the archive right now. */
  readonly runActive: boolean;
}

export interface DatabaseFindings {
  readonly check: Check;
  /** null if nothing was learned. */
  readonly memory: Memory | null;
}

/**
 * Opens the database and asks whether onefold may do there what it must; makes no tables. An embedded server that was
 * never used is tried in a folder of its own, beside where its data will lie.
 */
export async function examineDatabase(
  { database }: Setup,
  start: Start,
  archiveRoot: Promise<PathText | null>,
): Promise<DatabaseFindings> {
  if (database === "unclear") {
    const check = bad(
      databaseLabel,
      "not checked: the one that is named cannot be understood",
      "Correct it.",
      ExitCode.usage,
    );
    return { check, memory: null };
  }
  try {
    return database.database === null
      ? await examineEmbedded(database, start, archiveRoot)
      : await examineServer(database, start, archiveRoot);
  } catch (error) {
    if (sqlState(error) === null || !(error instanceof Error))
      return { check: failed(databaseLabel, error), memory: null };
    const check = bad(
      databaseLabel,
      `the server answered: ${error.message}`,
      "Ask the server's administrator, or look at its log.",
    );
    return { check, memory: null };
  }
}

async function examineServer(
  setup: DatabaseSetup,
  start: Start,
  archiveRoot: Promise<PathText | null>,
): Promise<DatabaseFindings> {
  await using inventory = await openInventory(setup, stateFolderOf(start), start);
  const readiness = await checkReadiness(inventory.db);
  const detail = `PostgreSQL ${readiness.serverVersion} at ${inventory.url}, schema ${readiness.schema}`;
  return {
    check: good(databaseLabel, `${detail}: ${tablesOf(readiness)}`),
    memory: await recall(inventory, readiness, await archiveRoot),
  };
}

async function examineEmbedded(
  setup: DatabaseSetup,
  start: Start,
  archiveRoot: Promise<PathText | null>,
): Promise<DatabaseFindings> {
  const state = stateFolderOf(start);
  const data = join(state, "postgres", "data");
  const place = await existing(data).catch((error: unknown) => {
    throw stateNotWritable(state, state, error);
  });
  if (place !== data) return { check: await tryEmbedded(state, place, start), memory: null };
  await using inventory = await openInventory(setup, state, start);
  const readiness = await checkReadiness(inventory.db);
  const detail = `the embedded PostgreSQL ${readiness.serverVersion} starts; its data lie in ${data}`;
  return {
    check: good(databaseLabel, `${detail} (${await freeAt(data)}): ${tablesOf(readiness)}`),
    memory: await recall(inventory, readiness, await archiveRoot),
  };
}

/** A folder of its own holds no schema yet. */
const embeddedDefault: DatabaseSetup = { database: null, databaseSchema: null };

/** @param place The deepest folder on the way to the state folder that is there. */
async function tryEmbedded(state: string, place: string, start: Start): Promise<Check> {
  // Root's server runs as another user, who must pass.
  await using trial = await ownFolderIn(place, start.userId === 0 ? 0o711 : 0o700).catch((error: unknown) => {
    throw stateNotWritable(state, place, error);
  });
  await using inventory = await openInventory(embeddedDefault, join(trial.path, "state"), start);
  const { serverVersion } = await checkReadiness(inventory.db);
  const detail = `the embedded PostgreSQL ${serverVersion} starts; the first run will make its data folder below ${state}`;
  return good(databaseLabel, `${detail} (${await freeAt(place)})`);
}

/** Tables of another version may look different; the next run brings them up to date. */
async function recall({ db }: OpenInventory, { missing }: Readiness, archiveRoot: PathText | null): Promise<Memory> {
  const runActive = await isRunLockHeld(db);
  if (missing > 0) return { sources: [], archive: null, runActive };
  return {
    sources: await allSources(db),
    archive: archiveRoot === null ? null : await archiveAt(db, archiveRoot),
    runActive,
  };
}

function tablesOf({ applied, missing }: Readiness): string {
  if (applied === 0) return "the first run makes the tables";
  return missing === 0
    ? "the tables are up to date"
    : `the next run makes ${formatNumberOf(missing, "change")} to the tables`;
}

async function freeAt(folder: string): Promise<string> {
  const { bsize, bavail } = await statfs(folder);
  return `${formatBytes(bsize * bavail)} free`;
}

/** The path itself, or the nearest above it that is there. */
async function existing(path: string): Promise<string> {
  try {
    await lstat(path);
    return path;
  } catch (error) {
    if (systemCode(error) !== "ENOENT" || path === dirname(path)) throw error;
    return existing(dirname(path));
  }
}

function stateNotWritable(state: string, place: string, error: unknown): unknown {
  const code = systemCode(error);
  if (code === null) return error;
  const message = `the state folder ${state} cannot be made: ${place} takes nothing new (${code})`;
  return new AppError("STATE_NOT_WRITABLE", ExitCode.unavailable, message, {
    cause: error,
    hint: "Set ONEFOLD_STATE to a folder you may write to, or name a PostgreSQL server with --database.",
  });
}
