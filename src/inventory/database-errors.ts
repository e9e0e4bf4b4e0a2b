/**
 * What failures of the driver and the server mean to the user: an AppError where
 * something can be done, else the error itself. The one place where they are
 * translated. No password can be in them: neither the driver nor the server
 * repeats one, and the URL that is named has none.
 */
import { AppError, ExitCode, systemCode } from "../model/errors.ts";

/** What it means that no connection could be made. */
export function connectError(error: unknown, url: string): unknown {
  if (error instanceof AppError) return error;
  const reason = messageOf(error);
  const code = sqlState(error);
  if (code !== null) return refusedBy(code, reason, url, error);
  if (isTlsFailure(error)) return tlsRefused(url, reason, error);
  if (/SASL/.test(reason)) return loginRefused(url, reason, error);
  return isNetworkFailure(error) ? unreachable(url, reason, error) : error;
}

/** What it means that a statement failed. */
export function statementError(error: unknown, url: string): unknown {
  if (error instanceof AppError) return error;
  const reason = messageOf(error);
  const code = sqlState(error);
  if (code === null) return isNetworkFailure(error) ? databaseLost(url, reason, error) : error;
  // 08: connection. 57P: shutdown, crash, database dropped, idle for too long. 25P: the same inside of a transaction.
  if (/^08|^57P|^25P0[34]/.test(code)) return databaseLost(url, reason, error);
  if (code === "53100") return diskFull(url, reason, error);
  if (code.startsWith("53")) return exhausted(url, reason, error);
  if (code === "57014") return cancelled(url, reason, error);
  if (code === "25006") return readOnly(url, reason, error);
  if (code === "42501") return notAllowed(url, reason, error);
  return error;
}

/** A connection in use has gone; what it had not committed is taken back by the server. */
export function databaseLost(url: string, reason: string, cause: unknown): AppError {
  const message = `the connection to the database ${url} was lost: ${reason}`;
  return new AppError("DATABASE_LOST", ExitCode.unavailable, message, {
    cause,
    hint: "What was recorded is kept. Check that the server runs, then start again: the next run goes on where it stopped.",
  });
}

export function isLost(error: unknown): boolean {
  return error instanceof AppError && error.code === "DATABASE_LOST";
}

/** Whether a server that could not be connected to may answer in a moment: it starts, stops, restarts or is full. */
export function mayPass(error: unknown): boolean {
  const code = sqlState(error);
  if (code !== null) return /^08|^57P0[123]$|^53300$/.test(code);
  if (error instanceof AggregateError) return error.errors.some(mayPass);
  if (!(error instanceof Error)) return false;
  // ENOENT: the socket is made anew when the server starts.
  if (/^(ECONNREFUSED|ECONNRESET|EPIPE|ENOENT|EAI_AGAIN)$/.test(codeOf(error))) return true;
  return error.message === "Connection terminated unexpectedly";
}

/** The five characters by which PostgreSQL names a failure ("42P01"), or null if it is none of the server's. */
export function sqlState(error: unknown): string | null {
  const code = error instanceof Error && "code" in error ? error.code : null;
  return typeof code === "string" && /^[0-9A-Z]{5}$/.test(code) && "severity" in (error as Error) ? code : null;
}

/** Text of another program on one line. */
export function messageOf(error: unknown): string {
  // Of several addresses that were tried, the reasons.
  if (error instanceof AggregateError && error.message === "") return error.errors.map(messageOf).join("; ");
  return (error instanceof Error ? error.message : String(error)).replace(/[\s\p{Cc}]+/gu, " ").trim();
}

/** What a server says to one who knocks. */
function refusedBy(code: string, reason: string, url: string, cause: unknown): AppError {
  if (code === "3D000") return databaseMissing(url, reason, cause);
  if (code === "42501") return mayNotConnect(url, reason, cause);
  if (code.startsWith("53")) return exhausted(url, reason, cause);
  // Login, values and names in `options`, a database that takes no connections.
  if (/^(?:28|22|42|55)/.test(code)) return loginRefused(url, reason, cause);
  return unreachable(url, reason, cause);
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

function tlsRefused(url: string, reason: string, cause: unknown): AppError {
  const message = `no trusted TLS connection to the database ${url}: ${reason}`;
  return new AppError("DATABASE_TLS_REFUSED", ExitCode.unavailable, message, {
    cause,
    hint: "Check sslmode, that sslrootcert is the certificate that signed the server's, and that the server offers TLS under this host name.",
  });
}

function databaseMissing(url: string, reason: string, cause: unknown): AppError {
  return new AppError("DATABASE_MISSING", ExitCode.unavailable, `cannot open the database ${url}: ${reason}`, {
    cause,
    hint: "Create it as the server's administrator: create database onefold owner onefold.",
  });
}

function mayNotConnect(url: string, reason: string, cause: unknown): AppError {
  return new AppError("DATABASE_NOT_ALLOWED", ExitCode.refused, `cannot open the database ${url}: ${reason}`, {
    cause,
    hint: "Have its owner run: grant connect, temporary on database …; to onefold's role.",
  });
}

function notAllowed(url: string, reason: string, cause: unknown): AppError {
  return new AppError("DATABASE_NOT_ALLOWED", ExitCode.refused, `the database ${url} does not allow this: ${reason}`, {
    cause,
    hint: "Onefold's role must own its schema and its tables; docs/postgresql.md has the grants.",
  });
}

function readOnly(url: string, reason: string, cause: unknown): AppError {
  const message = `the database ${url} cannot be written to: ${reason}`;
  return new AppError("DATABASE_READ_ONLY", ExitCode.refused, message, {
    cause,
    hint: "It is a standby, or set to read-only: name the server that takes writes.",
  });
}

function cancelled(url: string, reason: string, cause: unknown): AppError {
  return new AppError("DATABASE_CANCELLED", ExitCode.unavailable, `the database ${url} broke off: ${reason}`, {
    cause,
    hint: "Its administrator ended a statement of ours. Start again: the next run goes on where it stopped.",
  });
}

function diskFull(url: string, reason: string, cause: unknown): AppError {
  const message = `the disk of the database ${url} is full: ${reason}`;
  return new AppError("DATABASE_DISK_FULL", ExitCode.unavailable, message, {
    cause,
    hint: "Free space where the database lives; nothing is lost, the next run goes on.",
  });
}

function exhausted(url: string, reason: string, cause: unknown): AppError {
  const message = `the database ${url} has reached a limit: ${reason}`;
  return new AppError("DATABASE_EXHAUSTED", ExitCode.unavailable, message, {
    cause,
    hint: "Its administrator can raise it (connections, memory, locks, temporary files); nothing is lost, the next run goes on.",
  });
}

function isNetworkFailure(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const network = /^E(CONN|PIPE|HOST|NET|TIMEDOUT|NOTFOUND|AI_|NOENT|ACCES|NOTSOCK|ADDR)/;
  if (network.test(systemCode(error) ?? codeOf(error))) return true;
  return /Connection terminated|timeout e|not queryable|ERR_STREAM/.test(`${error.message} ${codeOf(error)}`);
}

function isTlsFailure(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const certificate =
    /^(ERR_TLS|CERT_|CRL_|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO|INVALID_CA|HOSTNAME_|ERR_SSL|ERR_OSSL|EPROTO)/;
  return certificate.test(codeOf(error)) || /SSL connection/.test(error.message);
}

function codeOf(error: Error): string {
  return "code" in error && typeof error.code === "string" ? error.code : "";
}
