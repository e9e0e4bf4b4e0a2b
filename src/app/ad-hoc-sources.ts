import type { SourceName } from "../model/file.ts";
import type { PathText } from "../model/path.ts";
import { foldedKey } from "../plan/names.ts";
import { checkPath, checkSourceName, nameFromPath } from "./config-values.ts";

export interface AdHocSource {
  readonly name: SourceName;
  readonly path: PathText;
}

/**
 * Reads the values of `--source`: PATH or NAME=PATH. What stands before the first "=" is
 * a name if no slash is in it, so that ./a=b is a path.
 *
 * @returns The sources in the order given, and every problem as "--source VALUE: sentence".
 */
export function parseAdHocSources(
  values: readonly string[],
  cwd: string,
): { readonly sources: readonly AdHocSource[]; readonly problems: readonly string[] } {
  const sources: AdHocSource[] = [];
  const problems: string[] = [];
  for (const value of values) {
    const source = parseOne(value, cwd);
    const problem = typeof source === "string" ? source : clash(source, sources);
    if (problem !== null) problems.push(`--source ${value}: ${problem}`);
    else if (typeof source !== "string") sources.push(source);
  }
  return { sources, problems };
}

function parseOne(value: string, cwd: string): AdHocSource | string {
  const [, given, text = value] = /^([^/=]*)=(.*)$/s.exec(value) ?? [];
  const path = checkPath(text, cwd);
  if ("problem" in path) return `the path ${path.problem}`;
  const name = given === undefined ? nameFromPath(path.value) : checkSourceName(given);
  if ("value" in name) return { name: name.value, path: path.value };
  if (given === undefined) return "the last part of the path makes no name; write NAME=PATH";
  return `the name ${name.problem}`;
}

function clash({ name, path }: AdHocSource, before: readonly AdHocSource[]): string | null {
  if (before.some((other) => other.path === path)) return "this folder was named before";
  const other = before.find((one) => foldedKey(one.name) === foldedKey(name));
  return other === undefined
    ? null
    : `"${name}" is the name of ${other.path} already; write NAME=PATH to tell them apart`;
}
