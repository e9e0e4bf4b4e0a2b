import assert from "node:assert/strict";
import { chmod, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { describe, test } from "node:test";
import { inspect } from "node:util";
import { testDatabase } from "../testing/database.ts";
import { temporaryFolder } from "../testing/folder.ts";
import { type Environment, readConnection } from "./connection.ts";
import { urlWithSchema } from "./connection-url.ts";
import { type DatabaseConfig, openDatabase, sql } from "./database.ts";
import { passwordFor } from "./password-file.ts";
import { parseServices } from "./service-file.ts";

const canary = "canary-7Kq2";

async function where(url: string, environment: Environment = {}): Promise<Record<string, unknown>> {
  const { client } = await readConnection(url, { HOME: "/nowhere", ...environment });
  const { host, port, user, database } = client;
  return { host, port, user, database };
}

async function passwordOf({ client }: DatabaseConfig): Promise<string> {
  assert.ok(typeof client.password === "function");
  return client.password();
}

describe("a database URL", () => {
  test("says where and who, in every form psql takes", async () => {
    const nas = { host: "nas", port: 5433, user: "one", database: "fold" };
    assert.deepEqual(await where("postgres://one@nas:5433/fold"), nas);
    assert.deepEqual(await where("postgresql://one:secret@nas:5433/fold"), nas);
    assert.deepEqual(await where("postgres://?host=nas&port=5433&user=one&dbname=fold"), nas);
    assert.deepEqual(await where("postgres://o%6ee@n%61s:5433/f%6fld"), nas);
    assert.deepEqual(await where("postgres://one@/fold?host=/socket/folder"), {
      ...nas,
      host: "/socket/folder",
      port: 5432,
    });
    assert.deepEqual(await where("postgres://one@%2Fsocket%2Ffolder/fold"), {
      ...nas,
      host: "/socket/folder",
      port: 5432,
    });
    assert.deepEqual(await where("postgres://one@[::1]:5433/fold"), { ...nas, host: "::1" });
  });

  test("comes before the variables, these before the defaults", async () => {
    const environment = { PGHOST: "pi", PGPORT: "1234", PGUSER: "pg", PGDATABASE: "photos" };

    assert.deepEqual(await where("postgres://", environment), {
      host: "pi",
      port: 1234,
      user: "pg",
      database: "photos",
    });
    assert.deepEqual(await where("postgres://one@nas", environment), {
      host: "nas",
      port: 1234,
      user: "one",
      database: "photos",
    });
    assert.deepEqual(await where("postgres://one@nas"), { host: "nas", port: 5432, user: "one", database: "one" });
  });

  test("that is wrong is refused without being repeated", async () => {
    const wrong = [
      `mysql://one:${canary}@nas/fold`,
      `postgres://one:${canary}@nas:port/fold`,
      `postgres://one:${canary}%@nas/fold`,
      `postgres://one:${canary}@nas/fold?hots=pi`,
      `postgres://one:${canary}@nas,pi/fold`,
      `postgres://one:${canary}@nas/fold?port=99999`,
      `host=nas password=${canary}`,
    ];
    for (const url of wrong) {
      await assert.rejects(readConnection(url, {}), (error) => {
        assert.match(inspect(error), /DATABASE_URL_INVALID/);
        assert.doesNotMatch(inspect(error), new RegExp(canary));
        return true;
      });
    }
  });
});

describe("a service", () => {
  const text = "# servers\n[nas]\nhost=nas\nport = 5433\ndbname=photos\n\n[pi]\nhost=pi\n[nas]\nhost=second\n";

  test("stands between the URL and the variables", async () => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, ".pg_service.conf"), text);
    const environment = { HOME: folder.path, PGHOST: "other", PGUSER: "pg" };
    const nas = { host: "nas", port: 5433, user: "pg", database: "photos" };

    assert.deepEqual(await where("postgres://?service=nas", environment), nas);
    assert.deepEqual(await where("postgres://", { ...environment, PGSERVICE: "nas" }), nas);
    assert.deepEqual(await where("postgres:///mine?service=nas", environment), { ...nas, database: "mine" });
  });

  test("is looked for in PGSERVICEFILE, and then in the system's file", async () => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, "own"), "[pi]\nhost=pi\n");
    await writeFile(join(folder.path, "pg_service.conf"), text);
    const environment = { PGSERVICEFILE: join(folder.path, "own"), PGSYSCONFDIR: folder.path };

    assert.equal((await where("postgres://?service=pi", environment))["host"], "pi");
    assert.equal((await where("postgres://?service=nas", environment))["host"], "nas");
    await assert.rejects(where("postgres://?service=none", environment), { code: "DATABASE_SERVICE_UNKNOWN" });
  });

  test("file keeps the first of two values", () => {
    assert.deepEqual(
      [...parseServices(text)],
      [
        ["nas", { host: "nas", port: "5433", dbname: "photos" }],
        ["pi", { host: "pi" }],
      ],
    );
  });
});

describe("a password", () => {
  const nas = { host: "nas", port: 5432, database: "fold", user: "one" };

  test("comes from the first line of the file that fits", () => {
    const text = "# nas:*:*:*:no\nnas:5433:*:*:no\nnas:*:fold:o\\ne:a\\:b\\\\c\n*:*:*:*:last";

    assert.equal(passwordFor(nas, text), "a:b\\c");
    assert.equal(passwordFor({ ...nas, host: "pi" }, text), "last");
    assert.equal(passwordFor({ ...nas, host: "/run/postgresql" }, "localhost:*:*:*:socket"), "socket");
    assert.equal(passwordFor(nas, "nas:5432:fold:two:no\nnonsense\n"), null);
  });

  test("is taken from the URL, PGPASSWORD, PGPASSFILE and ~/.pgpass, in this order", async () => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, ".pgpass"), "nas:*:*:*:home\n", { mode: 0o600 });
    await writeFile(join(folder.path, "file"), "nas:*:*:*:file\n", { mode: 0o600 });
    const home = { HOME: folder.path };
    const file = { ...home, PGPASSFILE: join(folder.path, "file") };
    const of = async (url: string, environment: Environment) => passwordOf(await readConnection(url, environment));

    assert.equal(await of("postgres://one@nas", home), "home");
    assert.equal(await of("postgres://one@nas", file), "file");
    assert.equal(await of("postgres://one@nas", { ...file, PGPASSWORD: "variable" }), "variable");
    assert.equal(await of("postgres://one:u%72l@nas", { ...file, PGPASSWORD: "variable" }), "url");
    await chmod(join(folder.path, ".pgpass"), 0o644);
    await assert.rejects(of("postgres://one@nas", home), { code: "DATABASE_LOGIN_REFUSED", hint: /chmod 0600/ });
  });

  test("reaches the server and nothing else", async () => {
    await using fresh = await testDatabase({ migrations: null });
    await using locked = await lockedRole(fresh.config, fresh.database);
    const open = (password: string) => readConnection(locked.url(password), {}).then((config) => openDatabase(config));
    await using database = await open(canary);

    assert.deepEqual(await database.query(sql`select current_user::text as who`), [{ who: "locked" }]);
    assert.doesNotMatch(inspect(database, { depth: 9, showHidden: false }) + database.url, new RegExp(canary));
    await assert.rejects(open(`${canary}-wrong`), (error) => {
      assert.match(inspect(error), /DATABASE_LOGIN_REFUSED/);
      assert.doesNotMatch(inspect(error, { depth: 9 }), new RegExp(canary));
      return true;
    });
  });
});

describe("sslmode", () => {
  test("checks certificates as much as libpq does", async () => {
    await using folder = await temporaryFolder();
    const root = join(folder.path, "root.pem");
    await writeFile(root, "certificate");
    const ssl = async (rest: string, environment: Environment = {}) => {
      const { client } = await readConnection(`postgres://nas/?${rest}`, { HOME: "/nowhere", ...environment });
      return typeof client.ssl === "object"
        ? { ...client.ssl, checkServerIdentity: client.ssl.checkServerIdentity !== undefined }
        : client.ssl;
    };
    const anyone = { rejectUnauthorized: false, checkServerIdentity: false };

    assert.deepEqual(await ssl(""), anyone);
    assert.deepEqual(await ssl("sslmode=disable"), false);
    assert.deepEqual(await ssl("sslmode=require"), anyone);
    assert.deepEqual(await ssl(`sslmode=require&sslrootcert=${root}`), {
      ca: "certificate",
      rejectUnauthorized: true,
      checkServerIdentity: true,
    });
    assert.deepEqual(await ssl("", { PGSSLMODE: "verify-full", PGSSLROOTCERT: root }), {
      ca: "certificate",
      rejectUnauthorized: true,
      checkServerIdentity: false,
    });
    assert.deepEqual(await ssl("host=/socket&sslmode=require"), false);
    for (const wrong of [
      "sslmode=verify-ca",
      "sslmode=maybe",
      "sslrootcert=/nowhere/root.pem",
      "sslnegotiation=direct",
    ]) {
      await assert.rejects(ssl(wrong), { code: "DATABASE_TLS_INVALID", exitCode: 2 });
    }
  });

  test("prefer goes on with a server that speaks no TLS, require does not", async () => {
    await using fresh = await testDatabase({ migrations: null });
    await using proxy = await networkProxy(fresh.config);
    const url = (rest: string) => `postgres://onefold@127.0.0.1:${proxy.port}/${fresh.config.client.database}?${rest}`;
    await using database = await openDatabase(await readConnection(url(""), {}));

    assert.deepEqual(await database.query(sql`select 1 as one`), [{ one: 1 }]);
    await assert.rejects(openDatabase(await readConnection(url("sslmode=require"), {})), {
      code: "DATABASE_TLS_REFUSED",
      message: /SSL/,
    });
  });
});

describe("an address", () => {
  test("that is given beside the host's name is connected to; the certificate must be for the name", async () => {
    const of = async (parameters: string) => {
      const { client } = await readConnection(`postgres://one@/fold?${parameters}`, { HOME: "/nowhere" });
      const { host, ssl } = client;
      return typeof ssl === "object" ? { host, name: ssl.host, server: ssl.servername } : { host, ssl };
    };

    assert.deepEqual(await of("host=nas&hostaddr=10.0.0.1"), { host: "10.0.0.1", name: "nas", server: "nas" });
    assert.deepEqual(await of("hostaddr=10.0.0.1"), { host: "10.0.0.1", name: undefined, server: undefined });
    assert.deepEqual(await of("host=/run&hostaddr=10.0.0.1&sslmode=disable"), { host: "10.0.0.1", ssl: false });
  });

  test("without a name is encrypted as sslmode says, though a socket lies where psql looks for one", async () => {
    const { client, url } = await readConnection("postgres://one@/fold?hostaddr=10.0.0.1&sslmode=require", {});

    assert.ok(typeof client.ssl === "object");
    assert.equal(url, "postgres://one@10.0.0.1:5432/fold?hostaddr=10.0.0.1&sslmode=require");
  });
});

describe("the URL for others", () => {
  test("says all that psql needs, in its spelling, and no password", async () => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, "my ca"), "certificate");
    const root = encodeURIComponent(join(folder.path, "my ca"));
    const config = await readConnection(
      `postgres://o%20ne:${canary}@nas/fold?sslmode=verify-full&sslrootcert=${root}&options=-cwork_mem%3D1MB`,
      { PGPASSFILE: "/my passwords" },
    );
    assert.equal(
      urlWithSchema(config.url, 'my "own" \\ schema'),
      `postgres://o%20ne@nas:5432/fold?passfile=%2Fmy%20passwords&sslmode=verify-full&sslrootcert=${root}` +
        "&options=-cwork_mem%3D1MB%20-csearch_path%3D%22my%5C%20%22%22own%22%22%5C%20%5C%5C%5C%20schema%22",
    );
  });

  test("leads to a socket, too, in a folder whose name has spaces", async () => {
    const { url } = await readConnection("postgres://one@/fold?host=/my%20folder&port=5433", {});

    assert.equal(url, "postgres://one@/fold?host=%2Fmy%20folder&port=5433");
    assert.deepEqual(await where(url), { host: "/my folder", port: 5433, user: "one", database: "fold" });
  });
});

test("a server that is not there is named, its password not", async () => {
  const config = await readConnection(`postgres://one:${canary}@127.0.0.1:1/fold?connect_timeout=1`, {});

  await assert.rejects(openDatabase(config), (error) => {
    assert.match(
      inspect(error),
      /DATABASE_UNREACHABLE.*postgres:\/\/one@127\.0\.0\.1:1\/fold|cannot reach the database postgres:\/\/one@127\.0\.0\.1:1\/fold/s,
    );
    assert.doesNotMatch(inspect(error, { depth: 9 }), new RegExp(canary));
    return true;
  });
});

/** A role that must give a password, on a server that trusts everybody else. */
async function lockedRole(config: DatabaseConfig, database: Awaited<ReturnType<typeof openDatabase>>) {
  const [file] = await database.query<{ path: string }>(sql`select current_setting('hba_file') as path`);
  await writeFile(file?.path ?? "", "local all locked scram-sha-256\nlocal all all trust\n");
  await database.query({ text: `create role locked login password '${canary}'`, values: [] });
  await database.query(sql`select pg_reload_conf()`);
  const { host, database: name } = config.client;
  return {
    url: (password: string) => `postgres://locked:${password}@/${name}?host=${encodeURIComponent(String(host))}`,
    [Symbol.asyncDispose]: async () => void (await database.query(sql`drop role locked`)),
  };
}

/** Lets the server, which has a socket only, be reached by TCP. */
async function networkProxy({ client }: DatabaseConfig): Promise<{ port: number } & AsyncDisposable> {
  const server = createServer((socket) => {
    const inner = connect(`${client.host}/.s.PGSQL.${client.port}`);
    socket.pipe(inner).pipe(socket);
    for (const one of [socket, inner]) one.on("error", () => inner.destroy());
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  return { port: address.port, [Symbol.asyncDispose]: async () => void server.close() };
}
