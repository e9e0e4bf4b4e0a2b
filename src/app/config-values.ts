import { posix } from "node:path";
import type { SourceName } from "../model/file.ts";
import { type PathText, parsePathText, pathTextOf } from "../model/path.ts";

/**
 * A value of the config or the command line, checked: either what it stands for,
 * or what is wrong with it, as a sentence that follows the key.
 */
export type Checked<Value> = { readonly value: Value } | { readonly problem: string };

/**
 * An absolute path. Text in which bytes are written `\xNN`, as onefold prints it, is taken for those bytes.
 *
 * @param base Absolute; what a relative path starts from.
 */
export function checkPath(text: string, base: string): Checked<PathText> {
  if (text === "") return { problem: "is empty" };
  if (text.includes("\0")) return { problem: "holds a NUL character, which no path can" };
  if (text === "~" || text.startsWith("~/")) {
    return { problem: `begins with "~", which only a shell replaces: write the home folder out` };
  }
  return { value: posix.resolve(pathTextOf(base), parsePathText(text) ?? pathTextOf(text)) as PathText };
}

/** A source's name, which is the name of its folder below by-source/ as well. */
export function checkSourceName(name: string): Checked<SourceName> {
  if (name === "") return { problem: "is empty" };
  if (name === "." || name === "..") return { problem: `must not be "${name}": it is the name of a folder` };
  if (name.includes("/")) return { problem: `must not hold a slash: it is the name of a folder` };
  if (/[\p{Cc}\p{Cs}\\]/u.test(name)) return { problem: "must not hold control characters or backslashes" };
  if (Buffer.byteLength(name) > 255) return { problem: "is longer than 255 bytes: it is the name of a folder" };
  return { value: name as SourceName };
}

/** What a source is called that was given without a name: the last part of its path, if that is fit for a name. */
export function nameFromPath(path: PathText): Checked<SourceName> {
  return checkSourceName(posix.basename(path));
}

/** How to reach a database server, as psql takes it. */
export function checkDatabase(url: string): Checked<string> {
  if (/^postgres(?:ql)?:\/\//.test(url) || /^[a-z_]+\s*=/.test(url)) return { value: url };
  return { problem: "must be a URL that begins with postgres://" };
}

/** The name of a schema in the database, which PostgreSQL would else take for another one. */
export function checkSchema(name: string): Checked<string> {
  if (name === "") return { problem: "is empty" };
  if (/[\p{Cc}\p{Cs}]/u.test(name)) return { problem: "must not hold control characters" };
  if (Buffer.byteLength(name) > 63) return { problem: "is longer than 63 bytes: PostgreSQL would cut it off" };
  // "$user" on a search path stands for the role's name, also in quotation marks.
  if (/^(?:pg_|information_schema$|\$user$)/.test(name))
    return { problem: `must not be "${name}": PostgreSQL keeps that for itself` };
  return { value: name };
}
