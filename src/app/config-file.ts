import { parse, TomlDate, TomlError } from "smol-toml";
import type { z } from "zod";
import { foldedKey } from "../plan/names.ts";
import { type ConfigFields, configSchema, knownKeys } from "./config-schema.ts";
import { type Checked, checkPath, nameFromPath } from "./config-values.ts";
import { suggest } from "./suggest.ts";
import { type KeyPath, keyLines, type LineOf } from "./toml-lines.ts";

/** What one config file says, or everything that is wrong with it: each as "file:line: key: sentence". */
export type ConfigFile = { readonly fields: ConfigFields } | { readonly problems: readonly string[] };

/**
 * Reads a config file's text.
 *
 * @param file What messages call it. @param folder Absolute; where its relative paths start.
 */
export function parseConfigFile(text: string, { file, folder }: { file: string; folder: string }): ConfigFile {
  const document = parseToml(text.replace(/^\ufeff/, ""));
  if (document instanceof TomlError) {
    const [first = ""] = document.message.replace(/^Invalid TOML document: /, "").split("\n");
    return { problems: [`${file}:${document.line}: this is no TOML: ${first}`] };
  }
  const lineOf = keyLines(text);
  const result = configSchema(folder).safeParse(document, { reportInput: true });
  const found = [...(result.error?.issues ?? []).flatMap(problemsOf), ...nameProblems(document, folder, lineOf)];
  if (result.success && found.length === 0) return { fields: result.data };
  const lined = found.map((problem) => ({ ...problem, line: lineOf(problem.path) })).sort((a, b) => a.line - b.line);
  return { problems: lined.map(({ line, path, sentence }) => `${file}:${line}: ${keyText(path)}: ${sentence}`) };
}

interface Problem {
  readonly path: KeyPath;
  readonly sentence: string;
}

/** The document, or the first thing that makes it none. */
export function parseToml(text: string): Readonly<Record<string, unknown>> | TomlError {
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof TomlError) return error;
    throw error;
  }
}

/** Lines tell elements of a list apart, so that keys need no numbers. */
function keyText(path: KeyPath): string {
  return path.filter((name) => typeof name === "string").join(".");
}

function problemsOf(issue: z.core.$ZodIssue): Problem[] {
  const path = issue.path.map((name) => (typeof name === "symbol" ? String(name) : name));
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => ({ path: [...path, key], sentence: unknownKey(key, path) }));
    case "invalid_type":
      if (issue.input === undefined) return [{ path, sentence: "is missing" }];
      return [{ path, sentence: `expected ${expectedThing(issue.expected, path)}, got ${thing(issue.input)}` }];
    case "invalid_value":
      return [{ path, sentence: unknownValue(issue.input, issue.values.map(String)) }];
    case "too_small":
      return [{ path, sentence: `must be at least ${issue.minimum}, got ${thing(issue.input)}` }];
    case "too_big":
      return [{ path, sentence: `must be at most ${issue.maximum}, got ${thing(issue.input)}` }];
    case "custom":
    case "invalid_element":
    case "invalid_format":
    case "invalid_key":
    case "invalid_union":
    case "not_multiple_of":
      return [{ path, sentence: issue.message }];
  }
}

function unknownKey(key: string, table: KeyPath): string {
  const known = knownKeys(table.filter((name) => typeof name === "string"));
  const meant = suggest(key, known);
  return `there is no such key; ${meant === null ? `known here: ${known.join(", ")}` : `did you mean "${meant}"?`}`;
}

function unknownValue(value: unknown, known: readonly string[]): string {
  const meant = typeof value === "string" ? suggest(value, known) : null;
  const list = known.map((one) => `"${one}"`).join(", ");
  return `expected one of ${list}, got ${thing(value)}${meant === null ? "" : `; did you mean "${meant}"?`}`;
}

function expectedThing(expected: string, path: KeyPath): string {
  if (expected === "array") return path.length === 1 && path[0] === "source" ? "tables headed [[source]]" : "a list";
  const names: Record<string, string> = { string: "text in quotes", boolean: "true or false", object: "a table" };
  return names[expected] ?? "a whole number";
}

function thing(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (value instanceof TomlDate) return "a date";
  return typeof value === "object" ? "a table" : JSON.stringify(value);
}

/** Names that are there more than once, also where only case differs: their folders would be one on Windows. */
function nameProblems(document: Readonly<Record<string, unknown>>, base: string, lineOf: LineOf): Problem[] {
  const sources: readonly unknown[] = Array.isArray(document["source"]) ? document["source"] : [];
  const firstLine = new Map<string, number>();
  return sources.flatMap((source, n): Problem[] => {
    const path = ["source", n, "name"];
    const derived = nameOfSource(source, base);
    if (derived === null) return [];
    if ("problem" in derived) return [{ path, sentence: "is missing, and the last part of the path makes no name" }];
    const key = foldedKey(derived.value);
    const before = firstLine.get(key);
    if (before === undefined) firstLine.set(key, lineOf(path));
    const twice = `"${derived.value}" is the name of the source in line ${before} already (upper and lower case count as one)`;
    return before === undefined ? [] : [{ path, sentence: twice }];
  });
}

/** null where another check has something to say already. */
function nameOfSource(source: unknown, base: string): Checked<string> | null {
  if (!isTable(source)) return null;
  const { name, path } = source;
  if (name !== undefined) return typeof name === "string" ? { value: name } : null;
  const folder = typeof path === "string" ? checkPath(path, base) : null;
  return folder !== null && "value" in folder ? nameFromPath(folder.value) : null;
}

function isTable(value: unknown): value is { readonly name?: unknown; readonly path?: unknown } {
  return typeof value === "object" && value !== null;
}
