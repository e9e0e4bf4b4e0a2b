import type { PathText } from "../model/path.ts";

/**
 * Patterns of the config's `exclude`.
 *
 * `*` stands for any characters of one name, `?` for one, `[a-z]` and `[!a-z]` for one
 * of a set, `**` between slashes for any number of folders. A pattern without
 * a slash (but at its end) holds at every depth, any other from the source's root.
 * One that ends in a slash, or in `/**`, holds for folders only. What lies in an
 * excluded folder is excluded. Case counts.
 */
export interface Exclude {
  readonly pattern: string;
  /** Tested against the path, with a slash behind it if it is a folder's. Linear in stars × length. */
  readonly expression: RegExp;
}

/**
 * The first pattern that excludes the path, as the reason; or null.
 * Asked without `isFolder`, it may let a folder pass, but never what is below it.
 */
export type Excluder = (path: PathText, isFolder?: boolean) => string | null;

/** @throws TypeError if a pattern has a problem: {@link parseExclude} tells beforehand. */
export function compileExclude(patterns: readonly string[]): Excluder {
  const excludes = patterns.map((pattern) => {
    const exclude = parseExclude(pattern);
    if (typeof exclude === "string") throw new TypeError(`the pattern ${JSON.stringify(pattern)} ${exclude}`);
    return exclude;
  });
  return (path, isFolder = false) => {
    if (excludes.length === 0 || path === "") return null;
    const subject = isFolder ? `${path}/` : path;
    return excludes.find(({ expression }) => expression.test(subject))?.pattern ?? null;
  };
}

/** Compiles one pattern. @returns the problem, as a sentence for the config's author, if it is none. */
export function parseExclude(pattern: string): Exclude | string {
  const problem = problemOf(pattern);
  if (problem !== null) return problem;
  const foldersOnly = /(?:\/|\/\*\*)$/.test(pattern);
  const parts = pattern
    .replace(/(?:\/\*\*)*\/?$/, "")
    .replace(/^\//, "")
    .split("/");
  const anywhere = parts.length === 1 && !pattern.startsWith("/") && !pattern.endsWith("/**");
  const compiler = new Compiler();
  const path = compiler.path(anywhere ? ["**", ...parts] : parts);
  if (path === null) return "has a `[` without its `]`, or an empty set";
  try {
    return { pattern, expression: new RegExp(`^${path}${foldersOnly ? "/" : "(?:/|$)"}`, "su") };
  } catch {
    return "has a set that is none, such as [z-a]";
  }
}

function problemOf(pattern: string): string | null {
  if (pattern === "") return "is empty";
  if (pattern.startsWith("!"))
    return "begins with `!`, but there are no exceptions; write `[!]` as `?` if the name begins so";
  const parts = pattern.replace(/^\//, "").replace(/\/$/, "").split("/");
  if (parts.every((part) => /^\**$/.test(part))) return "would exclude everything";
  if (parts.includes("")) return "has two slashes in a row";
  if (parts.some((part) => part === "." || part === "..")) return "must not hold `.` or `..` as a folder";
  if (parts.some((part) => part !== "**" && part.includes("**")))
    return "has `**` beside other characters; it must stand alone between slashes";
  return null;
}

/** One character of a name as it is shown: a byte that is no text stands as `\xNN`. */
const one = String.raw`(?:\\x[0-9a-f]{2}|[^/\\])`;

/**
 * Writes expressions that never backtrack over more than one star: whatever
 * stands between two stars is taken at its first occurrence for good, which
 * loses no match. Such a group that does not give back is a lookahead
 * that is then repeated by its number.
 */
class Compiler {
  #groups = 0;

  /** Source of the expression for parts of a path; null if a set is not closed. */
  path(parts: readonly string[]): string | null {
    const runs: string[][] = [[]];
    for (const part of parts) {
      const compiled = part === "**" ? null : this.#name(part);
      if (part === "**") runs.push([]);
      else if (compiled === null) return null;
      else runs.at(-1)?.push(compiled);
    }
    // Two "**" side by side are one.
    const [first = [], ...others] = runs.filter((run, n) => n === 0 || run.length > 0);
    const start = first.join("/");
    const rest = others.map((run, n) => {
      const found = `(?:${one}+/)*?${run.join("/")}`;
      return n < others.length - 1 ? this.#once(`${found}/`) : found;
    });
    return start + (start === "" || rest.length === 0 ? "" : "/") + rest.join("");
  }

  #name(part: string): string | null {
    const chunks: string[] = [""];
    for (const [unit] of part.matchAll(/\*+|\?|\[!?\]?[^\]]*\]|./gsu)) {
      if (unit === "[") return null;
      if (unit.startsWith("*")) chunks.push("");
      else chunks[chunks.length - 1] += unit === "?" ? one : setOrText(unit);
    }
    const [start = "", ...others] = chunks;
    const end = "(?=/|$)";
    const rest = others.map((chunk, n) =>
      n < others.length - 1 ? this.#once(`${one}*?${chunk}`) : `${one}*${chunk}${chunk === "" ? "" : end}`,
    );
    return start + rest.join("");
  }

  #once(expression: string): string {
    const name = `g${++this.#groups}`;
    return `(?=(?<${name}>${expression}))\\k<${name}>`;
  }
}

function setOrText(unit: string): string {
  if (unit.length < 2 || !unit.startsWith("[")) return unit.replace(/[\\^$.*+?()[\]{}|/]/gu, "\\$&");
  const negated = unit.startsWith("[!");
  const members = unit.slice(negated ? 2 : 1, -1).replace(/[\\^[\]]/g, "\\$&");
  // A set never matches the slash, nor half of a `\xNN`.
  return `(?![/\\\\])[${negated ? "^" : ""}${members}]`;
}
