import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { chmod, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { readConnection } from "../src/inventory/connection.ts";
import { openDatabase, sql } from "../src/inventory/database.ts";
import { filesIn, household, snapshot, summaryOf } from "../src/testing/household.ts";
import { documentOf, neutralSurroundings } from "../src/testing/onefold.ts";
import { brokenPromises } from "../src/testing/promises.ts";
import { noCertificates, noTestServer, type TestServer } from "../src/testing/server.ts";
import {
  assertRefused,
  block,
  canary,
  quiet,
  type Story,
  sharedServer,
  story,
  untilBlocked,
} from "../src/testing/server-story.ts";

let server: TestServer;
before(async () => {
  if (noTestServer === false) server = await sharedServer();
});

const execute = promisify(execFile);
const hasPsql = spawnSync("psql", ["--version"]).status === 0;

/** The blocks of SQL in the page about servers, in their order. */
async function documentedStatements(): Promise<string[]> {
  const page = await readFile(new URL("../../docs/postgresql.md", import.meta.url), "utf8");
  return [...page.matchAll(/^```sql\n(.*?)^```$/gms)].map(([, statements = ""]) => statements);
}

async function asGuest(text: string): Promise<unknown[]> {
  const config = await readConnection(server.url("guest", "photos"), { PGPASSWORD: "change-me-too" });
  await using database = await openDatabase(config);
  return await database.query({ text, values: [] });
}

/** Whether a connection is, by a URL that names no host. */
async function encrypted({ name }: Story, parameters: string): Promise<unknown[]> {
  const url = `postgres://${name}@/${name}?port=${server.port}&${parameters}`;
  await using database = await openDatabase(await readConnection(url, { PGPASSWORD: canary }));
  return await database.query(sql`select ssl from pg_stat_ssl where pid = pg_backend_pid()`);
}

describe("logging in", { skip: noTestServer }, () => {
  test("with the password from ~/.pgpass", async () => {
    await using own = await story({ phone: { "a.txt": "a", "b.txt": "a" } });
    const { consolidate } = await own.run();

    assert.equal(consolidate.copiedFiles, 1);
    assert.deepEqual(await readdir(own.home.path("state")), []);
  });

  test("by service, by variables, by both", async () => {
    await using own = await story({ phone: { "a.txt": "a" } });
    const { home, name } = own;
    const place = `host=127.0.0.1\nport=${server.port}\n`;
    await rm(home.path("home/.pgpass"));
    await writeFile(
      home.path("home/.pg_service.conf"),
      `[all]\n${place}user=${name}\ndbname=${name}\npassword=${canary}\n[place]\n${place}`,
    );
    await writeFile(home.path("passwords"), `*:*:*:*:${canary}\n`, { mode: 0o600 });
    const variables = { PGUSER: name, PGDATABASE: name, PGPASSFILE: home.path("passwords") };
    for (const environment of [
      { ONEFOLD_DATABASE: "postgres://?service=all" },
      { ONEFOLD_DATABASE: "postgres://", PGSERVICE: "all" },
      { ONEFOLD_DATABASE: "postgres://", PGHOST: "127.0.0.1", PGPORT: String(server.port), ...variables },
      { ONEFOLD_DATABASE: "postgres://?service=place", ...variables },
      { ONEFOLD_DATABASE: `postgres://${name}@/?service=place`, PGPASSWORD: canary },
    ]) {
      assert.equal((await quiet(own.start(["status"], environment).ended)).status, 0);
    }
  });

  test("fails in one line, whatever is wrong", async () => {
    await using own = await story({ phone: { "a.txt": "a" } });
    const { home, name } = own;
    const attempt = (url: string, environment = {}) =>
      own.start(["run", ...home.places], { ONEFOLD_DATABASE: url, ...environment }).ended;

    assertRefused(await attempt(own.url, { PGPASSWORD: "wrong" }), "DATABASE_LOGIN_REFUSED");
    assertRefused(await attempt(server.url("nobody", name), { PGPASSWORD: canary }), "DATABASE_LOGIN_REFUSED");
    assertRefused(await attempt(server.url(name, "missing")), "DATABASE_MISSING");
    assertRefused(await attempt(server.url(name, name, "sslmode=require")), "DATABASE_TLS_REFUSED");
    assertRefused(await attempt(server.url(name, name, "options=-cnonsense%3D1")), "DATABASE_LOGIN_REFUSED");
    await server.execute(`revoke connect on database ${name} from public`);
    assertRefused(await attempt(own.url), "DATABASE_NOT_ALLOWED", 4);
    await server.execute(`alter database ${name} allow_connections false`);
    assertRefused(await attempt(own.url), "DATABASE_LOGIN_REFUSED");
    assert.deepEqual(await readdir(home.path("archive")), []);
  });

  test("does not use a password file that others can read, and says so", async () => {
    await using own = await story({ phone: { "a.txt": "a" } });
    const { home } = own;
    const attempt = () => own.start(["status"]).ended;
    await chmod(home.path("home/.pgpass"), 0o640);
    const exposed = await attempt();
    await rm(home.path("home/.pgpass"));
    const missing = await attempt();
    await mkdir(home.path("home/.pgpass"), { mode: 0o700 });
    const folder = await attempt();

    for (const ended of [exposed, missing, folder]) assertRefused(ended, "DATABASE_LOGIN_REFUSED");
    assert.match(exposed.stderr, /hint: Make .*\.pgpass readable only by you: chmod 0600/);
    assert.match(missing.stderr, /hint: Add 127\.0\.0\.1:\*:\*:.*:PASSWORD to .*\.pgpass/);
  });
});

describe("a role that owns only its schema", { skip: noTestServer }, () => {
  test("is enough, with the grants of the manual; others read what the manual lets them", async () => {
    await using own = await story({ phone: { "a.txt": "a", "b.txt": "a" } });
    const { home } = own;
    const [role = "", reader = ""] = await documentedStatements();
    await server.execute("create database photos");
    try {
      await server.execute("revoke all on database photos from public", "photos");
      await server.execute(role, "photos");
      const environment = { ONEFOLD_DATABASE: server.url("onefold", "photos"), PGPASSWORD: "change-me" };
      const { consolidate } = await summaryOf(quiet(own.start(["run", "--json", ...home.places], environment).ended));
      await server.execute(reader, "photos");

      assert.equal(consolidate.copiedFiles, 1);
      assert.deepEqual(await asGuest("select count(*)::int4 as rows from onefold.files"), [{ rows: 5 }]);
      await assert.rejects(asGuest("select * from onefold.file"), { code: "DATABASE_NOT_ALLOWED" });
      await assert.rejects(asGuest("insert into onefold.source default values"), { code: "DATABASE_NOT_ALLOWED" });
    } finally {
      await server.execute("drop database photos with (force)");
      await server.execute("drop role if exists onefold, guest");
    }
  });

  test("is told what to grant, before anything is touched", async () => {
    await using own = await story({ phone: { "a.txt": "a" } });
    const { home, name } = own;
    const refused = async (why: RegExp, hint: string, environment = {}) => {
      const ended = await own.start(["run", ...home.places], environment).ended;
      assertRefused(ended, "DATABASE_NOT_ALLOWED", 4);
      assert.match(ended.stderr, why);
      assert.ok(ended.stderr.endsWith(`run: ${hint};\n`), ended.stderr);
      return (statement = hint) => server.execute(statement, name);
    };
    await server.execute(`drop schema ${name}; revoke all on database ${name} from public`, name);
    await server.execute(`grant connect on database ${name} to ${name}`);

    const grant = await refused(/temporary tables/, `grant temporary on database ${name} to ${name}`);
    await grant();
    await refused(/create tables in the schema public/, `create schema authorization ${name}`);
    await refused(/no schema for the tables/, `create schema authorization ${name}`, {
      PGOPTIONS: "-csearch_path=none",
    });
    const asked = { ONEFOLD_SCHEMA: "Own" };
    const make = await refused(/no schema "Own"/, `create schema "Own" authorization ${name}`, asked);
    await make(`create schema "Own"`);
    const open = await refused(/use the schema "Own"/, `grant usage, create on schema "Own" to ${name}`, asked);
    await server.execute(`grant usage on schema "Own" to ${name}`, name);
    await refused(/create tables in the schema "Own"/, `grant usage, create on schema "Own" to ${name}`, asked);
    await open();
    assert.deepEqual(await readdir(home.path("archive")), []);
    await summaryOf(quiet(own.start(["run", "--json", ...home.places], asked).ended));
  });

  test("may lose its rights on the tables, which is told as well", async () => {
    await using own = await story({ phone: { "a.txt": "a" } });
    await own.run();
    await server.execute(`alter table ${own.name}.file owner to postgres`, own.name);
    assertRefused(await own.start(["run", ...own.home.places]).ended, "DATABASE_NOT_ALLOWED", 4);
    await server.execute(`alter schema ${own.name} owner to postgres`, own.name);
    assertRefused(await own.start(["status"]).ended, "DATABASE_NOT_ALLOWED", 4);
  });

  test("on a server that takes no writes is told so", async () => {
    await using own = await story({ phone: { "a.txt": "a" } });
    await server.execute(`alter role ${own.name} set default_transaction_read_only = on`);
    assertRefused(await own.start(["run", ...own.home.places]).ended, "DATABASE_READ_ONLY", 4);
  });

  test("is not disturbed by what an administrator has set for it", async () => {
    await using own = await story({ phone: { "a\\x09b.txt": "a", "ü.txt": "a" } });
    const { home, name } = own;
    for (const setting of [
      ...["statement", "lock", "idle_session", "idle_in_transaction_session", "transaction"].map(
        (what) => `${what}_timeout = '100ms'`,
      ),
      "default_transaction_isolation = 'serializable'",
      "standard_conforming_strings = off",
      "client_encoding = 'latin1'",
      "bytea_output = 'escape'",
      "datestyle = 'german'",
      "extra_float_digits = -15",
      "timezone = 'Asia/Kathmandu'",
    ]) {
      await server.execute(`alter role ${name} set ${setting}`);
    }
    await quiet(own.start(["status"]).ended);
    await using look = await own.look();
    await using blocker = await block(look, `${name}.file`);
    const running = own.start(["run", "--json", ...home.places]);
    await untilBlocked(look);
    await delay(300);
    await blocker.query(sql`commit`);
    await summaryOf(quiet(running.ended));
    const { plan } = await own.run();

    assert.deepEqual([plan.copyFiles, plan.linkFiles], [0, 0]);
    assert.deepEqual(await brokenPromises(home), []);
  });
});

describe("a schema", { skip: noTestServer }, () => {
  test("of any name is made and used, and psql finds it by the printed URL", async () => {
    await using own = await story({ phone: { "a.txt": "a" } });
    const { home, name } = own;
    await server.execute(`grant create on database ${name} to ${name}`);
    const environment = { ONEFOLD_SCHEMA: `Robert"'); drop schema ${name}; -- \\ größe` };
    await quiet(own.start(["scan", ...home.places], environment).ended);
    const { url } = documentOf<{ url: string }>(
      await quiet(own.start(["database", "url", "--json"], environment).ended),
    );
    const status = own.start(["status", "--json"], { ONEFOLD_DATABASE: url });
    const { sources } = documentOf<{ sources: { files: number }[] }>(await status.ended);
    await using look = await own.look();
    const schemas = sql`
      select nspname::text as schema, count(*)::int4 as tables from pg_class join pg_namespace n on n.oid = relnamespace
      where relkind in ('r', 'v') and relowner = ${name}::regrole group by 1`;

    const [made, ...others] = await look.query<{ schema: string; tables: number }>(schemas);
    assert.deepEqual([made?.schema, others], [environment.ONEFOLD_SCHEMA, []]);
    assert.ok(made !== undefined && made.tables > 5);
    assert.deepEqual(sources, [{ ...sources[0], files: 1 }]);
    if (!hasPsql) return;
    const login = { env: { ...neutralSurroundings(), HOME: home.path("home") } };
    const { stdout } = await execute("psql", ["-XAt", "-c", "select full_path from files", url], login);
    assert.equal(stdout, `${home.path("phone/a.txt")}\n`);
  });

  test("is an inventory of its own: two in one database know nothing of each other, and work at the same time", async () => {
    await using own = await story({ phone: { "a.txt": "a" } });
    await using other = await household({ usb: { "b.txt": "b" } });
    const { home, name } = own;
    await server.execute(`grant create on database ${name} to ${name}`);
    await home.write("onefold.toml", `database-schema = "one"\n`);
    await own.run();
    await using look = await own.look();
    await using blocker = await block(look, "one.folder");
    const first = own.start(["run", "--json", ...home.places]);
    await untilBlocked(look);
    const places = ["--source", other.path("usb"), "--archive", other.path("archive")];
    const second = await own.start(["run", "--json", ...places], { ONEFOLD_SCHEMA: "two" }).ended;
    const third = await own.start(["run", "--json", ...home.places]).ended;
    await blocker.query(sql`commit`);

    assert.equal((await summaryOf(Promise.resolve(second))).consolidate.copiedFiles, 1);
    assert.equal(third.status, 7, third.stderr);
    await summaryOf(quiet(first.ended));
    for (const [schema, source] of [
      ["one", "phone"],
      ["two", "usb"],
    ] as const) {
      const status = own.start(["status", "--json"], { ONEFOLD_SCHEMA: schema });
      const { sources } = documentOf<{ sources: { name: string }[] }>(await status.ended);
      assert.deepEqual(
        sources.map((one) => one.name),
        [source],
      );
    }
  });

  test("that PostgreSQL would take for another one is an error of the config", async () => {
    await using home = await household({ phone: {} });
    for (const name of ["$user", "pg_temp", "pg_catalog", "information_schema", "x".repeat(64), "a\nb"]) {
      const ended = await home.onefold(["status"], { env: { ONEFOLD_SCHEMA: name } });
      assertRefused(ended, "CONFIG_INVALID", 2);
      assert.match(ended.stderr, /^error: \$ONEFOLD_SCHEMA: /);
    }
  });
});

describe("TLS", { skip: noCertificates }, () => {
  test("is checked as sslmode says, and a wrong certificate is refused", async () => {
    await using own = await story({ phone: { "a.txt": "a" } });
    const { name } = own;
    const { crt, key } = await server.certificate("server", "DNS:localhost");
    const stranger = await server.certificate("stranger", "DNS:localhost");
    await server.execute(`alter system set ssl_cert_file = '${crt}'`);
    await server.execute(`alter system set ssl_key_file = '${key}'`);
    await server.execute("alter system set ssl = on");
    await server.execute("select pg_reload_conf()");
    const attempt = (host: string, parameters: string) => {
      const url = `postgres://${name}@${host}:${server.port}/${name}?${parameters}`;
      return own.start(["status"], { ONEFOLD_DATABASE: url, PGPASSWORD: canary }).ended;
    };
    const accepted = async (host: string, parameters: string) =>
      assert.equal((await quiet(attempt(host, parameters))).status, 0);
    const refused = async (host: string, parameters: string, why: RegExp) => {
      const ended = await attempt(host, parameters);
      assertRefused(ended, "DATABASE_TLS_REFUSED");
      assert.match(ended.stderr, why);
    };
    try {
      await server.execute(`alter role ${name} set log_statement = 'none'`);
      await accepted("localhost", `sslmode=verify-full&sslrootcert=${crt}`);
      await accepted("localhost", `sslmode=verify-full&hostaddr=127.0.0.1&sslrootcert=${crt}`);
      await accepted("127.0.0.1", `sslmode=verify-ca&sslrootcert=${crt}`);
      await accepted("127.0.0.1", `sslmode=require&sslrootcert=${crt}`);
      await accepted("127.0.0.1", "sslmode=require");
      await accepted("127.0.0.1", "");
      await accepted("localhost", `sslmode=require&sslnegotiation=direct&sslrootcert=${crt}`);
      for (const mode of ["require", "verify-ca", "verify-full"]) {
        await refused("localhost", `sslmode=${mode}&sslrootcert=${stranger.crt}`, /self-signed certificate/);
      }
      await refused("localhost", "sslmode=verify-full", /self-signed certificate/);
      await refused("127.0.0.1", `sslmode=verify-full&sslrootcert=${crt}`, /127\.0\.0\.1.*cert/);
      await refused(
        "127.0.0.1",
        `sslmode=verify-full&host=elsewhere&hostaddr=127.0.0.1&sslrootcert=${crt}`,
        /elsewhere/,
      );
      assert.deepEqual(await encrypted(own, "hostaddr=127.0.0.1&sslmode=require"), [{ ssl: true }]);
      assert.deepEqual(await encrypted(own, "hostaddr=127.0.0.1&sslmode=disable"), [{ ssl: false }]);
    } finally {
      await server.execute("alter system reset all");
      await server.execute("select pg_reload_conf()");
    }
  });
});

test("more sources than there are connections for are scanned all the same", { skip: noTestServer }, async () => {
  const names = Array.from({ length: 30 }, (_, n) => `share ${n}`);
  await using own = await story(Object.fromEntries(names.map((name) => [name, { "a.txt": name }])));
  const { consolidate } = await own.run();

  assert.equal(consolidate.copiedFiles, 30);
});

test("a password is in no command line, no log and no journal", { skip: noTestServer }, async () => {
  await using own = await story({ phone: { "a.txt": "a" } });
  const { home } = own;
  await own.start(["status"]).ended;
  await using look = await own.look();
  await using blocker = await block(look, `${own.name}.file`);
  const running = own.start(["run", "--json", "--verbose", ...home.places], { PGPASSWORD: canary });
  await untilBlocked(look);
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")));
  await blocker.query(sql`commit`);
  const { status, stdout, stderr } = await running.ended;
  const written = await Promise.all(
    filesIn(await snapshot(home.path(""))).map(
      async ([path]) => [path, await readFile(home.path(path), "utf8")] as const,
    ),
  );

  assert.equal(status, 0, stderr);
  assert.ok(
    lines.some((line) => line.includes(home.path("archive"))),
    "the command lines were not looked at",
  );
  assert.ok(!lines.some((line) => line.includes(canary)));
  assert.doesNotMatch(stdout + stderr, new RegExp(canary));
  assert.deepEqual(
    written.filter(([, text]) => text.includes(canary)).map(([path]) => path),
    ["home/.pgpass"],
  );
});
