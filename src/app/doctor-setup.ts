import { dirname, resolve } from "node:path";
import { TomlError } from "smol-toml";
import { AppError, ExitCode } from "../model/errors.ts";
import type { PathText } from "../model/path.ts";
import { parseAdHocSources } from "./ad-hoc-sources.ts";
import { type Config, type ConfigOptions, loadConfig, type SourceConfig } from "./config.ts";
import { parseToml } from "./config-file.ts";
import { mountChecks } from "./config-schema.ts";
import { type Checked, checkDatabase, checkPath, checkSchema, checkSourceName, nameFromPath } from "./config-values.ts";
import { type Check, failed, good } from "./doctor-check.ts";
import { findConfigFile, named, type Surroundings, usualPlaces } from "./find-config.ts";

/** What there is to be checked. */
export interface Setup {
  readonly sources: readonly CheckedSource[];
  readonly archive: PathText | null;
  /** "unclear": a server or a schema is named, but not understood. */
  readonly database: DatabaseSetup | "unclear";
}

export type DatabaseSetup = Pick<Config, "database" | "databaseSchema">;
export type CheckedSource = Pick<SourceConfig, "name" | "path" | "mount">;

/** Reads the config; of one that is wrong, whatever in it can be understood, so that the other checks have something to do. */
export async function findSetup(
  options: ConfigOptions,
  surroundings: Surroundings,
): Promise<{ readonly setup: Setup; readonly check: Check }> {
  const name = "config file";
  try {
    const { file, sources, archive, database, databaseSchema } = await loadConfig(options, surroundings);
    const places = usualPlaces(surroundings.environment).join(", ");
    const detail = file === null ? `there is none (looked for ${places}); the defaults hold` : `read from ${file}`;
    const setup = { sources, archive: archive.path, database: { database, databaseSchema } };
    return { setup, check: good(name, detail) };
  } catch (error) {
    if (!(error instanceof AppError) || error.exitCode !== ExitCode.usage) throw error;
    return { setup: await salvage(options, surroundings), check: failed(name, error) };
  }
}

async function salvage(options: ConfigOptions, surroundings: Surroundings): Promise<Setup> {
  const { environment, cwd } = surroundings;
  const { document, folder } = await readWrongConfig(options, surroundings);
  const adHoc = options.source === undefined ? null : parseAdHocSources(options.source, cwd).sources;
  const archive = isTable(document["archive"]) ? document["archive"]["path"] : undefined;
  const database = options.database ?? named(environment["ONEFOLD_DATABASE"]) ?? document["database"];
  return {
    sources: adHoc?.map((source) => ({ ...source, mount: "auto" })) ?? sourcesIn(document["source"], folder),
    archive: options.archive === undefined ? pathOr(archive, folder) : pathOr(options.archive, cwd),
    database: databaseIn(database, named(environment["ONEFOLD_SCHEMA"]) ?? document["database-schema"]),
  };
}

/** Empty where nothing can be read. */
async function readWrongConfig(
  options: ConfigOptions,
  surroundings: Surroundings,
): Promise<{ readonly document: Readonly<Record<string, unknown>>; readonly folder: string }> {
  const { cwd } = surroundings;
  try {
    const found = await findConfigFile(options.config, surroundings);
    const document = found === null ? {} : parseToml(found.text.replace(/^\ufeff/, ""));
    const folder = found === null ? cwd : dirname(resolve(cwd, found.file));
    return { document: document instanceof TomlError ? {} : document, folder };
  } catch (error) {
    if (error instanceof AppError) return { document: {}, folder: cwd };
    throw error;
  }
}

function sourcesIn(tables: unknown, folder: string): CheckedSource[] {
  if (!Array.isArray(tables)) return [];
  return tables.filter(isTable).flatMap((table): CheckedSource[] => {
    const path = pathOr(table["path"], folder);
    if (path === null) return [];
    const name = typeof table["name"] === "string" ? checkSourceName(table["name"]) : nameFromPath(path);
    const mount = mountChecks.find((rule) => rule === table["mount"]) ?? "auto";
    return "value" in name ? [{ name: name.value, path, mount }] : [];
  });
}

function databaseIn(url: unknown, schema: unknown): Setup["database"] {
  const database = textOr(url, checkDatabase);
  const databaseSchema = textOr(schema, checkSchema);
  return database === "unclear" || databaseSchema === "unclear" ? "unclear" : { database, databaseSchema };
}

function textOr(value: unknown, check: (text: string) => Checked<string>): string | "unclear" | null {
  if (value === undefined) return null;
  const checked = typeof value === "string" ? check(value) : null;
  return checked !== null && "value" in checked ? checked.value : "unclear";
}

function pathOr(value: unknown, base: string): PathText | null {
  const path = typeof value === "string" ? checkPath(value, base) : null;
  return path !== null && "value" in path ? path.value : null;
}

function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
