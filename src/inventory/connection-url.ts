import { AppError, ExitCode } from "../model/errors.ts";
import { searchPathOption } from "./schema-name.ts";

/** Connection parameters by libpq's names: "host", "dbname", "sslmode", … */
export type Parameters = Readonly<Record<string, string>>;

const used = [
  "host",
  "hostaddr",
  "port",
  "dbname",
  "user",
  "password",
  "passfile",
  "service",
  "servicefile",
  "application_name",
  "options",
  "connect_timeout",
  "sslmode",
  "sslnegotiation",
  "sslrootcert",
  "sslcert",
  "sslkey",
];
/** Right for psql, without meaning here. */
const ignored =
  /^(keepalives.*|tcp_user_timeout|gss.*|krb.*|channel_binding|target_session_attrs|load_balance_hosts|client_encoding|fallback_application_name|sslcompression|sslsni|sslcrl.*|ssl_m.*|require_auth|requirepeer)$/;

const shape =
  /^postgres(?:ql)?:\/\/(?:(?<user>[^:@/?#]*)(?::(?<password>[^@/?#]*))?@)?(?<host>[^/?#]*)(?:\/(?<dbname>[^?#]*))?(?:\?(?<rest>[^#]*))?$/;

/**
 * What a URL says; parts it leaves out are absent.
 *
 * @throws AppError DATABASE_URL_INVALID, which does not repeat the URL: a password may stand anywhere in a wrong one
 */
export function parseDatabaseUrl(url: string): Parameters {
  const parts = shape.exec(url)?.groups;
  if (parts === undefined) throw invalid("it is not of the form postgres://user@host:port/database?parameter=value");
  const { host, port } = hostAndPort(parts["host"] ?? "");
  const { user, password, dbname } = parts;
  const named = { user: decoded(user), password: decoded(password), host, port, dbname: decoded(dbname) };
  return checked({ ...present(named), ...parametersOf(parts["rest"] ?? "") });
}

interface Place {
  /** A host's name or address, or a folder with a socket. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
}

/** A URL that psql and {@link parseDatabaseUrl} take, without a password. @param rest Further parameters. */
export function databaseUrl({ host, port, user, database }: Place, rest: Parameters = {}): string {
  const [name, path] = [encodeURIComponent(user), encodeURIComponent(database)];
  if (host.startsWith("/")) return withParameters(`postgres://${name}@/${path}`, { host, port: String(port), ...rest });
  return withParameters(`postgres://${name}@${host.includes(":") ? `[${host}]` : host}:${port}/${path}`, rest);
}

/** The same URL, by which tables are looked for in one schema. */
export function urlWithSchema(url: string, schema: string): string {
  const [place = "", rest = ""] = url.split(/\?(.*)/s, 2);
  const { options = "", ...others } = parametersOf(rest);
  return withParameters(place, { ...others, options: `${options} ${searchPathOption(schema)}`.trim() });
}

/** Not URLSearchParams: libpq does not read "+" as a space. */
function withParameters(place: string, parameters: Parameters): string {
  const pairs = Object.entries(parameters).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  return pairs.length === 0 ? place : `${place}?${pairs.join("&")}`;
}

/** Refuses names that libpq has not, so that a slip of the pen is not silently without effect. */
export function checked(parameters: Parameters): Parameters {
  for (const name of Object.keys(parameters)) {
    if (!used.includes(name) && !ignored.test(name)) throw invalid(`there is no parameter "${name}"`);
  }
  if (parameters["host"]?.includes(",")) throw invalid("one host only is possible");
  return parameters;
}

function parametersOf(rest: string): Parameters {
  const pairs = rest.split("&").filter((pair) => pair !== "");
  return Object.fromEntries(
    pairs.map((pair) => {
      const [name, value] = pair.split(/=(.*)/s, 2).map((text) => decoded(text) ?? "");
      // As other drivers write it.
      if (name === "ssl" && value === "true") return ["sslmode", "require"];
      return [name ?? "", value ?? ""];
    }),
  );
}

/** "host", "host:port", "[::1]:port", "%2Fsocket%2Ffolder:port". */
function hostAndPort(text: string): { host: string | undefined; port: string | undefined } {
  const [, bracketed, plain, port] = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d*))?$/.exec(text) ?? [];
  if (bracketed === undefined && plain === undefined) throw invalid("its host or port is not understood");
  return { host: decoded(bracketed ?? plain), port };
}

function present(values: Readonly<Record<string, string | undefined>>): Parameters {
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== ""),
  );
}

function decoded(text: string | undefined): string | undefined {
  try {
    return text === undefined ? undefined : decodeURIComponent(text);
  } catch {
    throw invalid("a % in it must be followed by two hexadecimal digits (write % itself as %25)");
  }
}

function invalid(reason: string): AppError {
  return new AppError("DATABASE_URL_INVALID", ExitCode.usage, `the database URL is wrong: ${reason}`, {
    hint: "Write e.g. postgres://onefold@nas/onefold; the password belongs in ~/.pgpass.",
  });
}
