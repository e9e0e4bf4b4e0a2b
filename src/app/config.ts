import { dirname, resolve } from "node:path";
import type { Category } from "../model/category.ts";
import type { SourceName } from "../model/file.ts";
import type { PathText } from "../model/path.ts";
import { type Layout, parseLayout } from "../plan/layout.ts";
import { defaultRules, type RuleName } from "../plan/original.ts";
import { type AdHocSource, parseAdHocSources } from "./ad-hoc-sources.ts";
import type { ConfigFields, mountChecks } from "./config-schema.ts";
import { checkDatabase, checkPath, checkSchema, nameFromPath } from "./config-values.ts";
import { configInvalid, findConfigFile, named, type Surroundings } from "./find-config.ts";

/** Everything a user can set, with the defaults filled in. */
export interface Config {
  /** The file it was read from; null if there was none. */
  readonly file: string | null;
  /** null: the embedded server. */
  readonly database: string | null;
  /** null: the current schema of the connection. */
  readonly databaseSchema: string | null;
  /** In order of trust, the most trusted first. */
  readonly sources: readonly SourceConfig[];
  readonly archive: ArchiveConfig;
  readonly keep: { readonly rules: readonly RuleName[] };
  /** command: name or path of czkawka_cli. */
  readonly czkawka: { readonly command: string };
  readonly scan: ScanConfig;
}

export interface SourceConfig {
  readonly name: SourceName;
  /** Absolute, as it was written: links are not resolved. */
  readonly path: PathText;
  /** "required": refuse unless something is mounted there; "auto": once seen mounted, required; "off": never ask. */
  readonly mount: (typeof mountChecks)[number];
  readonly exclude: readonly string[];
}

export interface ScanConfig {
  readonly excludeJunk: boolean;
  /** 0 leaves the number to onefold. */
  readonly threads: number;
  /** A source that makes no progress for so long is given up; 0 leaves it to onefold. */
  readonly stallSeconds: number;
}

export interface ArchiveConfig {
  /** Absolute, as it was written; null if none was named. */
  readonly path: PathText | null;
  readonly bySource: boolean;
  readonly layout: Readonly<Record<Category, Layout>>;
}

/** What the command line says about the config. */
export interface ConfigOptions {
  readonly config?: string | undefined;
  readonly database?: string | undefined;
  /** PATH or NAME=PATH; if there is one, the file's sources do not count. */
  readonly source?: readonly string[] | undefined;
  readonly archive?: string | undefined;
}

/** What checks it takes a while to load, and is not needed where all stands on the command line. */
async function parsedConfig({ text, file }: { readonly text: string; readonly file: string }, folder: string) {
  const { parseConfigFile } = await import("./config-file.ts");
  return parseConfigFile(text, { file, folder });
}

/**
 * Finds and reads the config file, and lets the command line override it.
 * Does not look whether sources and archive exist.
 *
 * @throws AppError CONFIG_INVALID, whose message lists every problem on a line of its own
 */
export async function loadConfig(options: ConfigOptions, surroundings: Surroundings): Promise<Config> {
  const { environment, cwd } = surroundings;
  const found = await findConfigFile(options.config, surroundings);
  const folder = found === null ? cwd : dirname(resolve(cwd, found.file));
  const parsed = found === null ? { fields: {} } : await parsedConfig(found, folder);
  const adHoc = parseAdHocSources(options.source ?? [], cwd);
  const archive = options.archive === undefined ? null : checkPath(options.archive, cwd);
  const url = options.database ?? named(environment["ONEFOLD_DATABASE"]);
  const database = url === undefined ? null : checkDatabase(url);
  const schemaName = named(environment["ONEFOLD_SCHEMA"]);
  const schema = schemaName === undefined ? null : checkSchema(schemaName);
  const problems = [
    ...("problems" in parsed ? parsed.problems : []),
    ...adHoc.problems,
    ...(archive !== null && "problem" in archive ? [`--archive ${options.archive}: the path ${archive.problem}`] : []),
    ...(database !== null && "problem" in database ? [`${databaseKey(options)}: ${database.problem}`] : []),
    ...(schema !== null && "problem" in schema ? [`$ONEFOLD_SCHEMA: ${schema.problem}`] : []),
  ];
  if (problems.length > 0 || "problems" in parsed) throw configInvalid(problems);
  const config = configOf(parsed.fields, found?.file ?? null);
  return {
    ...config,
    database: database !== null && "value" in database ? database.value : config.database,
    databaseSchema: schema !== null && "value" in schema ? schema.value : config.databaseSchema,
    sources: adHoc.sources.length > 0 ? adHoc.sources.map(sourceOf) : config.sources,
    archive: archive !== null && "value" in archive ? { ...config.archive, path: archive.value } : config.archive,
  };
}

const defaultLayouts: Readonly<Record<Category, string>> = {
  photo: "photos/{yyyy}/{mm}/{name}",
  video: "videos/{yyyy}/{mm}/{name}",
  audio: "audio/{dir}/{name}",
  other: "files/{dir}/{name}",
};

function configOf(fields: ConfigFields, file: string | null): Config {
  const { database, archive, source, keep, czkawka, scan } = fields;
  const layout = (category: Category) => archive?.layout?.[category] ?? defaultLayout(category);
  return {
    file,
    database: database ?? null,
    databaseSchema: fields["database-schema"] ?? null,
    sources: (source ?? []).flatMap((one) => {
      const name = one.name === undefined ? nameFromPath(one.path) : { value: one.name };
      return "value" in name ? [{ ...sourceOf({ name: name.value, path: one.path }), ...settingsOf(one) }] : [];
    }),
    archive: {
      path: archive?.path ?? null,
      bySource: archive?.["by-source"] ?? true,
      layout: { photo: layout("photo"), video: layout("video"), audio: layout("audio"), other: layout("other") },
    },
    keep: { rules: keep?.rules ?? defaultRules },
    czkawka: { command: czkawka?.command ?? "czkawka_cli" },
    scan: {
      excludeJunk: scan?.["exclude-junk"] ?? true,
      threads: scan?.threads ?? 0,
      stallSeconds: scan?.["stall-seconds"] ?? 0,
    },
  };
}

function sourceOf({ name, path }: AdHocSource): SourceConfig {
  return { name, path, mount: "auto", exclude: [] };
}

function settingsOf({ mount, exclude }: NonNullable<ConfigFields["source"]>[number]): Partial<SourceConfig> {
  return { ...(mount === undefined ? {} : { mount }), ...(exclude === undefined ? {} : { exclude }) };
}

function defaultLayout(category: Category): Layout {
  const layout = parseLayout(defaultLayouts[category]);
  if (typeof layout === "string") throw new TypeError(`default layout for ${category}: ${layout}`);
  return layout;
}

function databaseKey({ database }: ConfigOptions): string {
  return database === undefined ? "$ONEFOLD_DATABASE" : "--database";
}
