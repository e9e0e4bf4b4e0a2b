import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { AppError, ExitCode, systemCode } from "../model/errors.ts";
import type { Environment } from "./connection.ts";
import { checked, type Parameters } from "./connection-url.ts";

/**
 * The parameters of a service, from the user's file (`given`, PGSERVICEFILE or ~/.pg_service.conf), else the system's
 * (pg_service.conf in PGSYSCONFDIR).
 *
 * @throws AppError DATABASE_SERVICE_UNKNOWN if neither has it
 */
export async function readService(
  name: string,
  given: string | undefined,
  environment: Environment,
): Promise<Parameters> {
  const own = given ?? environment["PGSERVICEFILE"] ?? join(environment["HOME"] ?? "/", ".pg_service.conf");
  const files = [own, join(environment["PGSYSCONFDIR"] ?? "/etc/postgresql-common", "pg_service.conf")];
  for (const file of files) {
    const found = parseServices(await textOf(file)).get(name);
    if (found !== undefined) return checked(found);
  }
  throw new AppError("DATABASE_SERVICE_UNKNOWN", ExitCode.usage, `no service "${name}" in ${files.join(" or ")}`, {
    hint: `Add a section [${name}] with lines like host=nas, or check PGSERVICE and PGSERVICEFILE.`,
  });
}

/** Sections `[name]` with lines `key=value`; a line that starts with # is a comment. The first section of a name counts. */
export function parseServices(text: string): ReadonlyMap<string, Parameters> {
  const services = new Map<string, Record<string, string>>();
  let current: Record<string, string> = {};
  for (const line of text.split(/\r?\n/).map((one) => one.trim())) {
    const [, section] = /^\[(.*)\]$/.exec(line) ?? [];
    const [, key, value] = /^([a-z_]+)\s*=\s*(.*)$/.exec(line) ?? [];
    if (section !== undefined) {
      current = {};
      if (!services.has(section)) services.set(section, current);
    } else if (key !== undefined && value !== undefined) {
      current[key] ??= value;
    }
  }
  return services;
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (["ENOENT", "ENOTDIR", "EACCES"].includes(systemCode(error) ?? "")) return "";
    throw error;
  }
}
