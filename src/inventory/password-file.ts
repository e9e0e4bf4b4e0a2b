import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { AppError, ExitCode } from "../model/errors.ts";
import type { Environment } from "./connection.ts";
import type { Parameters } from "./connection-url.ts";

interface Login {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
}

/**
 * The password the server asks for: as said, else from the password file (PGPASSFILE or ~/.pgpass).
 *
 * @throws AppError DATABASE_LOGIN_REFUSED if there is none
 */
export async function findPassword(parameters: Parameters, login: Login, environment: Environment): Promise<string> {
  const said = parameters["password"];
  if (said !== undefined) return said;
  const file = parameters["passfile"] ?? join(environment["HOME"] ?? "/", ".pgpass");
  const found = await stat(file).catch(() => null);
  const isFile = found?.isFile() ?? false;
  // As psql does: a password others can read is not used, so that it is noticed.
  const exposed = found !== null && isFile && (found.mode & 0o077) !== 0;
  const text = !isFile || exposed ? "" : await readFile(file, "utf8").catch(() => "");
  const password = passwordFor(login, text);
  if (password !== null) return password;
  const { user, host } = login;
  throw new AppError(
    "DATABASE_LOGIN_REFUSED",
    ExitCode.unavailable,
    `${host} wants a password for ${user}; there is none`,
    {
      hint: exposed ? `Make ${file} readable only by you: chmod 0600.` : `Add ${host}:*:*:${user}:PASSWORD to ${file}.`,
    },
  );
}

/** The first line `host:port:database:user:password` that fits; * fits all, a backslash keeps the next character. */
export function passwordFor({ host, port, database, user }: Login, text: string): string | null {
  // A socket counts as the host "localhost", too.
  const hosts = host.startsWith("/") ? [host, "localhost"] : [host];
  const wanted = [hosts, [String(port)], [database], [user]];
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith("#")) continue;
    const fields = fieldsOf(line);
    if (fields.length === 5 && wanted.every((any, n) => fields[n] === "*" || any.includes(fields[n] ?? ""))) {
      return fields[4] ?? null;
    }
  }
  return null;
}

/** Splits at ":" four times; escapes are taken away. */
function fieldsOf(line: string): readonly string[] {
  const [, ...raw] = /^((?:\\.|[^:\\])*):((?:\\.|[^:\\])*):((?:\\.|[^:\\])*):((?:\\.|[^:\\])*):(.*)$/.exec(line) ?? [];
  return raw.map((field) => field.replace(/\\(.)/g, "$1"));
}
