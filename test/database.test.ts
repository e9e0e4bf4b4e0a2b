import assert from "node:assert/strict";
import { chown, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { readConnection } from "../src/inventory/connection.ts";
import { openDatabase, sql } from "../src/inventory/database.ts";
import { archivedIn, type Household, household, summaryOf } from "../src/testing/household.ts";
import { documentOf, onefold, type Running, startOnefold } from "../src/testing/onefold.ts";
import { brokenPromises } from "../src/testing/promises.ts";
import { type Disk, layOut } from "../src/testing/tree.ts";

const root = process.getuid?.() === 0;
const nobody = 65_534;

/** Processes that have the folder in their command line: its server and those who keep that. */
async function processesOf(folder: string): Promise<string[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")));
  return lines.filter((line) => line.includes(folder));
}

/** Whoever was killed has no chance to wait for the server to stop. */
async function nothingRunsSoon(folder: string): Promise<void> {
  for (let tries = 0; tries < 500 && (await processesOf(folder)).length > 0; tries++) await delay(10);
  assert.deepEqual(await processesOf(folder), []);
}

const proc = process.platform === "linux" ? false : "no /proc to look for processes in";

describe("the inventory that onefold keeps by itself", { skip: proc }, () => {
  let disk: Disk;
  let environment: Record<string, string>;
  before(async () => {
    disk = await layOut({ phone: { "a.txt": "a", "b.txt": "a" }, archive: {}, home: {} });
    environment = { ONEFOLD_STATE: disk.path("state"), HOME: disk.path("home") };
  });
  after(() => disk[Symbol.asyncDispose]());
  const places = () => ["--source", disk.path("phone"), "--archive", disk.path("archive")];
  const start = (args: readonly string[]) => startOnefold(args, { env: environment, cwd: disk.root });
  const serve = async (): Promise<Running> => {
    const serving = start(["database", "serve"]);
    await serving.said("Ctrl-C ends it");
    return serving;
  };

  test("needs no setting up, and nothing runs on after the command", async () => {
    const { consolidate } = await summaryOf(start(["run", "--json", ...places()]).ended);

    assert.equal(consolidate.copiedFiles, 1);
    assert.deepEqual(await processesOf(disk.path("state")), []);
    assert.deepEqual(await archivedIn(disk.path("archive")), {
      "by-source": { phone: { "a.txt": "a", "b.txt": "a" } },
      files: { "a.txt": "a" },
    });
    assert.deepEqual(await readdir(disk.path("home")), []);
  });

  test("remembers", async () => {
    const { scan } = await summaryOf(start(["run", "--json", ...places()]).ended);

    assert.deepEqual([scan.new, scan.unchanged], [0, 2]);
  });

  test("is shared by commands that run at the same time; the last one ends it", async () => {
    const all = ["status", "duplicates", "history", "status"].map((command) => start([command, "--json"]).ended);
    for (const { status, stderr } of await Promise.all(all)) assert.equal(status, 0, stderr);

    await nothingRunsSoon(disk.path("state"));
  });

  test("can be reached by its URL while it is served, until Ctrl-C", async () => {
    const serving = await serve();
    const { url } = documentOf<{ url: string }>(await start(["database", "url", "--json"]).ended);
    {
      await using database = await openDatabase(await readConnection(url, {}));
      const [row] = await database.query<{ files: number }>(sql`select count(*)::int4 as files from files`);
      assert.equal(row?.files, 5);
    }
    const viaUrl = await onefold(["status", "--database", url, "--json"], { env: { HOME: disk.path("home") } });
    serving.child.kill("SIGINT");

    assert.equal(viaUrl.status, 0, viaUrl.stderr);
    assert.equal((await serving.ended).status, 130);
    assert.deepEqual(await processesOf(disk.path("state")), []);
  });

  test("keeps no process after its only user was killed, and goes on with the next command", async () => {
    const serving = await serve();
    serving.child.kill("SIGKILL");
    await serving.ended;
    await nothingRunsSoon(disk.path("state"));
    const { scan } = await summaryOf(start(["run", "--json", ...places()]).ended);

    assert.equal(scan.unchanged, 2);
  });
});

describe("a server of one's own", () => {
  test("is found by URL, by PG variables, and by service", async () => {
    await using home = await household({ phone: { "a.txt": "a" } });
    await home.run();
    const [[host, port], database] = await addressOf(home);
    const services = home.path("home/.pg_service.conf");
    await writeFile(services, `[photos]\nhost=${host}\nport=${port}\nuser=onefold\ndbname=${database}\n`);
    const byVariables = { PGHOST: host, PGPORT: port, PGUSER: "onefold", PGDATABASE: database };
    for (const env of [
      { ONEFOLD_DATABASE: "postgres://", ...byVariables },
      { ONEFOLD_DATABASE: "postgres://", PGSERVICE: "photos" },
      { ONEFOLD_DATABASE: "postgres://?service=photos" },
    ]) {
      const ended = await home.onefold(["status", "--json"], { env });
      assert.equal(ended.status, 0, ended.stderr);
      assert.deepEqual(
        documentOf<{ sources: { name: string }[] }>(ended).sources.map(({ name }) => name),
        ["phone"],
      );
    }
    assert.deepEqual(await readdir(home.path("state")), []);
  });

  test("may be named in the config", async () => {
    await using home = await household({ phone: { "a.txt": "a" } });
    await home.write("onefold.toml", `database = "${home.environment["ONEFOLD_DATABASE"]}"\n`);
    const ended = await home.onefold(["run", "--json", ...home.places], { env: { ONEFOLD_DATABASE: undefined } });

    assert.equal((await summaryOf(Promise.resolve(ended))).status, "complete");
    assert.deepEqual(await readdir(home.path("state")), []);
  });

  test("that cannot be reached is a matter for later, and its password is not shown", async () => {
    await using home = await household({ phone: { "a.txt": "a" } });
    for (const url of ["postgres://me:s3cret@127.0.0.1:1/onefold", "postgres://me:s3cret@/onefold?host=/nowhere"]) {
      const impatient = { env: { PGCONNECT_TIMEOUT: "1" } };
      const { status, stderr, stdout } = await home.onefold(
        ["run", "--json", "--database", url, ...home.places],
        impatient,
      );

      assert.equal(status, 5, stderr);
      assert.match(stderr, /^error: .* \[DATABASE_UNREACHABLE\]\n {2}hint: .+\n$/);
      assert.doesNotMatch(stderr + stdout, /s3cret/);
    }
    assert.deepEqual(await readdir(home.path("archive")), []);
  });

  test("with a database newer than the program is refused, and left alone", async () => {
    await using home = await household({ phone: { "a.txt": "a" } });
    await home.database.query(sql`insert into migration (number, name) values (999, '0999-of-the-future.sql')`);
    const { status, stderr } = await home.onefold(["run", ...home.places]);

    assert.equal(status, 4);
    assert.match(stderr, /^error: .*newer.* \[DATABASE_TOO_NEW\]\n {2}hint: Update onefold/);
    assert.deepEqual(await home.database.query(sql`select id from run`), []);
    assert.deepEqual(await readdir(home.path("archive")), []);
  });

  test("that goes away in the middle is a matter for later; nothing is lost", async () => {
    await using home = await household({
      phone: Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`${n}`, `${n}`])),
    });
    const running = home.start(["run", ...home.places]);
    const isRecorded = async () => (await home.database.query(sql`select from entry limit 1`)).length > 0;
    while (running.child.exitCode === null && !(await isRecorded())) await delay(2);
    await home.database.query(sql`
      select pg_terminate_backend(pid) from pg_stat_activity
      where pid <> pg_backend_pid() and datname = current_database() and application_name = 'onefold'`);
    const { status, stderr } = await running.ended;

    assert.ok(status === 5 || status === 0, `${status}: ${stderr}`);
    await home.run();
    assert.deepEqual(await brokenPromises(home), []);
  });
});

describe("users without rights", { skip: root ? false : "only root can become another user" }, () => {
  test("have an inventory of their own below their home folder", async () => {
    const folder = await mkdtemp(join(tmpdir(), "onefold-nobody-"));
    try {
      await chown(folder, nobody, nobody);
      const ended = await onefold(["status", "--json"], { cwd: "/", env: { HOME: folder }, uid: nobody });

      assert.equal(ended.status, 0, ended.stderr);
      assert.deepEqual(await readdir(join(folder, ".local/state")), ["onefold"]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

async function addressOf(home: Household): Promise<[[host: string, port: string], database: string]> {
  const url = new URL(home.environment["ONEFOLD_DATABASE"]?.replace("@/", "@localhost/") ?? "");
  return [[url.searchParams.get("host") ?? "", url.searchParams.get("port") ?? ""], url.pathname.slice(1)];
}
