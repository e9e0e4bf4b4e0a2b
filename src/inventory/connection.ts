/**
 * Where to connect, from what a person says: a URL, the PG* variables, a
 * service file, as libpq (and so psql) understands them. What is said in the
 * URL holds before the service, the service before the variables, these before
 * the defaults.
 */
import { access } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import { AppError, ExitCode } from "../model/errors.ts";
import { tlsSettings } from "./connection-tls.ts";
import { databaseUrl, type Parameters, parseDatabaseUrl } from "./connection-url.ts";
import type { DatabaseConfig } from "./database.ts";
import { findPassword } from "./password-file.ts";
import { readService } from "./service-file.ts";

/** Variables of the environment, handed in so that nothing reads them behind our back. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads `postgres://…` (bare: everything from the variables). Connects to nothing; a password file is read only when
 * the server asks for a password.
 *
 * @throws AppError DATABASE_URL_INVALID, DATABASE_SERVICE_UNKNOWN, DATABASE_TLS_INVALID; none repeats a password
 */
export async function readConnection(url: string, environment: Environment): Promise<DatabaseConfig> {
  const inUrl = parseDatabaseUrl(url);
  const variables = fromVariables(environment);
  const service = inUrl["service"] ?? variables["service"];
  const inService = service === undefined ? {} : await readService(service, inUrl["servicefile"], environment);
  return configOf({ ...variables, ...inService, ...inUrl }, environment);
}

const variableOf: Readonly<Record<string, string>> = {
  host: "PGHOST",
  hostaddr: "PGHOSTADDR",
  port: "PGPORT",
  dbname: "PGDATABASE",
  user: "PGUSER",
  password: "PGPASSWORD",
  passfile: "PGPASSFILE",
  service: "PGSERVICE",
  application_name: "PGAPPNAME",
  options: "PGOPTIONS",
  connect_timeout: "PGCONNECT_TIMEOUT",
  sslmode: "PGSSLMODE",
  sslnegotiation: "PGSSLNEGOTIATION",
  sslrootcert: "PGSSLROOTCERT",
  sslcert: "PGSSLCERT",
  sslkey: "PGSSLKEY",
};

/** An empty variable counts as not set. */
function fromVariables(environment: Environment): Parameters {
  const found = Object.entries(variableOf).flatMap(([key, name]) => {
    const value = environment[name];
    return value === undefined || value === "" ? [] : [[key, value] as const];
  });
  return Object.fromEntries(found);
}

async function configOf(parameters: Parameters, environment: Environment): Promise<DatabaseConfig> {
  const port = portOf(parameters["port"] ?? "5432");
  const { hostaddr } = parameters;
  const host = parameters["host"] ?? hostaddr ?? (await usualSocketFolder(port)) ?? "localhost";
  const user = parameters["user"] ?? systemUser(environment);
  const database = parameters["dbname"] ?? user;
  const { ssl, sslnegotiation, plainIfNoTls } = await tlsSettings(parameters, { host, hostaddr }, environment);
  const where = { host, port, user, database };
  const timeout = parameters["connect_timeout"];
  return {
    url: databaseUrl(where, forOthers(parameters)),
    plainIfNoTls,
    client: {
      ...where,
      host: hostaddr ?? host,
      password: () => findPassword(parameters, where, environment),
      ssl,
      sslnegotiation,
      client_encoding: "utf8",
      application_name: parameters["application_name"] ?? "onefold",
      ...(parameters["options"] === undefined ? {} : { options: parameters["options"] }),
      ...(timeout === undefined ? {} : { connectionTimeoutMillis: Number(timeout) * 1000 || 0 }),
    },
  };
}

/** Where a server on this machine has its socket; null if none has one. */
async function usualSocketFolder(port: number): Promise<string | null> {
  for (const folder of ["/run/postgresql", "/var/run/postgresql", "/tmp"]) {
    const reachable = await access(join(folder, `.s.PGSQL.${port}`)).then(
      () => true,
      () => false,
    );
    if (reachable) return folder;
  }
  return null;
}

function portOf(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port > 0 && port < 65536) return port;
  throw new AppError("DATABASE_URL_INVALID", ExitCode.usage, `the database's port is no port number: ${text}`, {
    hint: "One host and one port, e.g. postgres://onefold@nas:5432/onefold.",
  });
}

function systemUser(environment: Environment): string {
  try {
    return userInfo().username;
  } catch {
    // An account without a name, as in some containers.
    return environment["USER"] ?? "postgres";
  }
}

/** What psql must be told, besides the place, to see the same tables over the same way. */
function forOthers(parameters: Parameters): Parameters {
  const names = ["hostaddr", "options", "passfile", "sslmode", "sslnegotiation", "sslrootcert", "sslcert", "sslkey"];
  return Object.fromEntries(Object.entries(parameters).filter(([name]) => names.includes(name)));
}
