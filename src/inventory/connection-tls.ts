import { readFile } from "node:fs/promises";
import { isIP } from "node:net";
import { join } from "node:path";
import type { ConnectionOptions } from "node:tls";
import { AppError, ExitCode } from "../model/errors.ts";
import type { Environment } from "./connection.ts";
import type { Parameters } from "./connection-url.ts";

export interface TlsSettings {
  readonly ssl: false | ConnectionOptions;
  /** "direct": TLS from the first byte, as servers since PostgreSQL 17 take it. */
  readonly sslnegotiation: "postgres" | "direct";
  /** A server that speaks no TLS is good enough. */
  readonly plainIfNoTls: boolean;
}

const anyName = () => undefined;

/**
 * sslmode as libpq means it: "prefer" if nothing is said; "require" checks the server's certificate only if there is a
 * root certificate to check it with. Certificates are looked for in ~/.postgresql, too.
 *
 * @throws AppError DATABASE_TLS_INVALID
 */
export async function tlsSettings(
  parameters: Parameters,
  { host, hostaddr }: { readonly host: string; readonly hostaddr: string | undefined },
  environment: Environment,
): Promise<TlsSettings> {
  const mode = parameters["sslmode"] ?? (parameters["sslrootcert"] === "system" ? "verify-full" : "prefer");
  if (!["disable", "allow", "prefer", "require", "verify-ca", "verify-full"].includes(mode)) {
    throw invalid(`there is no sslmode "${mode}"`);
  }
  // TLS protects what goes over a network.
  if (mode === "disable" || (hostaddr ?? host).startsWith("/")) {
    return { ssl: false, sslnegotiation: "postgres", plainIfNoTls: false };
  }
  const plainIfNoTls = /allow|prefer/.test(mode);
  const sslnegotiation = parameters["sslnegotiation"] === "direct" ? "direct" : "postgres";
  if (sslnegotiation === "direct" && plainIfNoTls) throw invalid("sslnegotiation=direct needs sslmode=require or more");
  const files = await certificates(parameters, environment);
  // The certificate must be for the name, also where the address was looked up before.
  const name = hostaddr === undefined || isIP(host) !== 0 ? {} : { host, servername: host };
  return { ssl: { ...files, ...name, ...checksOf(mode, files.ca !== undefined) }, sslnegotiation, plainIfNoTls };
}

function checksOf(mode: string, hasRoot: boolean): ConnectionOptions {
  switch (mode) {
    case "verify-full":
      return { rejectUnauthorized: true };
    case "verify-ca":
      if (!hasRoot) throw invalid("sslmode=verify-ca needs sslrootcert");
      return { rejectUnauthorized: true, checkServerIdentity: anyName };
    case "require":
      return hasRoot ? { rejectUnauthorized: true, checkServerIdentity: anyName } : { rejectUnauthorized: false };
    default:
      return { rejectUnauthorized: false };
  }
}

async function certificates(
  parameters: Parameters,
  environment: Environment,
): Promise<Pick<ConnectionOptions, "ca" | "cert" | "key">> {
  const usual = (name: string) => join(environment["HOME"] ?? "/", ".postgresql", name);
  const system = parameters["sslrootcert"] === "system";
  const [ca, cert, key] = await Promise.all([
    system ? null : fileOf(parameters["sslrootcert"], usual("root.crt")),
    fileOf(parameters["sslcert"], usual("postgresql.crt")),
    fileOf(parameters["sslkey"], usual("postgresql.key")),
  ]);
  return { ...(ca === null ? {} : { ca }), ...(cert === null || key === null ? {} : { cert, key }) };
}

/** A file that was named must be there; the usual one may. */
async function fileOf(named: string | undefined, usual: string): Promise<string | null> {
  if (named === undefined) return readFile(usual, "utf8").catch(() => null);
  try {
    return await readFile(named, "utf8");
  } catch (error) {
    throw invalid(error instanceof Error ? error.message : String(error));
  }
}

function invalid(reason: string): AppError {
  return new AppError("DATABASE_TLS_INVALID", ExitCode.usage, `TLS for the database is set up wrongly: ${reason}`, {
    hint: "See sslmode, sslrootcert, sslcert and sslkey in the database URL, or PGSSL… in the environment.",
  });
}
