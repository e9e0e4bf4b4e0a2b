import { AppError, ExitCode, systemCode } from "../model/errors.ts";

/**
 * What a failure of the driver means to the user: an AppError where something can be done, else the error itself.
 * No password can be in it: neither the driver nor the server repeats one, and `url` has none.
 *
 * @param url Where the connection goes to, for the message.
 */
export function databaseError(error: unknown, url: string): unknown {
  if (error instanceof AppError) return error;
  const code = sqlState(error);
  if (code !== null) return serverError(code, messageOf(error), url, error);
  if (isConnectionLoss(error)) return unreachable(url, messageOf(error), error);
  return error;
}

/** The five characters by which PostgreSQL names a failure ("42P01"), or null if it is none of the server's. */
export function sqlState(error: unknown): string | null {
  const code = error instanceof Error && "code" in error ? error.code : null;
  return typeof code === "string" && /^[0-9A-Z]{5}$/.test(code) && "severity" in (error as Error) ? code : null;
}

function serverError(code: string, message: string, url: string, cause: unknown): unknown {
  if (code === "53100") return diskFull(url, message, cause);
  if (code === "28P01" || code === "28000") return loginRefused(url, message, cause);
  if (code === "3D000") return databaseMissing(url, message, cause);
  if (code === "42501") return notAllowed(url, message, cause);
  // 08: connection, 57P: shutdown, crash, start, database dropped; 53300: too many connections.
  if (/^08|^57P|^53300/.test(code)) return unreachable(url, message, cause);
  return cause;
}

function unreachable(url: string, reason: string, cause: unknown): AppError {
  return new AppError("DATABASE_UNREACHABLE", ExitCode.unavailable, `cannot reach the database ${url}: ${reason}`, {
    cause,
    hint: "Check that the server runs and that host, port and database name are right, then try again.",
  });
}

function loginRefused(url: string, reason: string, cause: unknown): AppError {
  return new AppError("DATABASE_LOGIN_REFUSED", ExitCode.unavailable, `the database ${url} refused us: ${reason}`, {
    cause,
    hint: "Check user and password (in ~/.pgpass or PGPASSWORD) and the server's pg_hba.conf.",
  });
}

function databaseMissing(url: string, reason: string, cause: unknown): AppError {
  return new AppError("DATABASE_MISSING", ExitCode.unavailable, `cannot open the database ${url}: ${reason}`, {
    cause,
    hint: "Create it as the server's administrator: create database onefold owner onefold.",
  });
}

function notAllowed(url: string, reason: string, cause: unknown): AppError {
  return new AppError("DATABASE_NOT_ALLOWED", ExitCode.refused, `the database ${url} does not allow this: ${reason}`, {
    cause,
    hint: "Give onefold's role a schema of its own: create schema authorization onefold.",
  });
}

function diskFull(url: string, reason: string, cause: unknown): AppError {
  return new AppError(
    "DATABASE_DISK_FULL",
    ExitCode.unavailable,
    `the disk of the database ${url} is full: ${reason}`,
    {
      cause,
      hint: "Free space where the database lives; nothing is lost, the next run goes on.",
    },
  );
}

function isConnectionLoss(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const network = /^E(CONN|PIPE|HOST|NET|TIMEDOUT|NOTFOUND|AI_|NOENT|ACCES|NOTSOCK|ADDR)/;
  if (network.test(systemCode(error) ?? codeOf(error))) return true;
  if (/^(ERR_TLS|CERT_|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO|ERR_SSL|EPROTO)/.test(codeOf(error))) return true;
  return /Connection terminated|timeout e|not queryable|SSL connection|Client was closed|SASL/i.test(error.message);
}

function codeOf(error: Error): string {
  return "code" in error && typeof error.code === "string" ? error.code : "";
}

/** Of several addresses that were tried, the reasons; a plain error's own words else. */
function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === "") {
    return error.errors.map((one) => messageOf(one)).join("; ");
  }
  return error instanceof Error ? error.message : String(error);
}
