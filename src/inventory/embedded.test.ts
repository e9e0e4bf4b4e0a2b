import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { temporaryFolder } from "../testing/folder.ts";
import { openDatabase, sql } from "./database.ts";
import { openEmbedded } from "./embedded.ts";
import { isRunning } from "./process-identity.ts";
import { readLockHolder } from "./process-lock.ts";
import { readPostmaster } from "./server-postmaster.ts";

const program = fileURLToPath(new URL("../testing/hold-server.js", import.meta.url));

/** Another command that uses the server. */
async function startCommand(state: string, environment: NodeJS.ProcessEnv = process.env): Promise<ChildProcess> {
  const child = spawn(process.execPath, [program, state], { stdio: ["pipe", "pipe", "inherit"], env: environment });
  const [word] = await Promise.race([once(child.stdout, "data"), once(child, "exit")]);
  assert.equal(String(word), "open\n");
  return child;
}

async function endCommand(child: ChildProcess): Promise<void> {
  const ended = once(child, "exit");
  child.stdin?.end();
  assert.deepEqual(await ended, [0, null]);
}

async function kill(pid: number | undefined): Promise<void> {
  assert.ok(pid !== undefined && pid > 1);
  process.kill(pid, "SIGKILL");
  await goneSoon(pid);
}

async function pidsOf(state: string): Promise<{ postmaster: number; supervisor: number }> {
  const postmaster = await readPostmaster(join(state, "postgres", "data"));
  const supervisor = await readLockHolder(join(state, "postgres", "lock"));
  assert.ok(postmaster !== null && supervisor !== null);
  return { postmaster: postmaster.pid, supervisor: supervisor.pid };
}

async function goneSoon(...pids: readonly number[]): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    const running = await Promise.all(pids.map((pid) => isRunning(pid)));
    if (!running.includes(true)) return;
    await delay(10);
  }
  assert.fail(`still running after 5 s: ${pids.join(", ")}`);
}

async function remembers(state: string): Promise<readonly unknown[]> {
  await using server = await openEmbedded(state, process.env);
  await using database = await openDatabase(server.config);
  await database.query(sql`create table if not exists memory (n int)`);
  return await database.query(sql`insert into memory select count(*) from memory returning n`);
}

describe("the embedded server", () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let state = "";
  before(async () => {
    folder = await temporaryFolder();
    state = join(folder.path, "state");
  });
  after(() => folder[Symbol.asyncDispose]());

  test("is made once by two commands that start at the same instant", async () => {
    const [one, other] = await Promise.all([startCommand(state), startCommand(state)]);
    const { postmaster, supervisor } = await pidsOf(state);
    await endCommand(one);

    assert.ok(await isRunning(postmaster));
    await endCommand(other);
    await goneSoon(postmaster, supervisor);
    assert.deepEqual((await readdir(join(state, "postgres"))).sort(), ["data", "postgres.log"]);
  });

  test("is durable, speaks UTF-8 in C order, and listens to no network", async () => {
    await using server = await openEmbedded(state, process.env);
    await using database = await openDatabase(server.config);
    const names = ["fsync", "full_page_writes", "synchronous_commit", "listen_addresses", "server_encoding", "jit"];
    const rows = await database.query<{ value: string }>(sql`
      select current_setting(name) as value from unnest(${names}::text[]) with ordinality as t (name, n) order by n`);

    assert.deepEqual(
      rows.map(({ value }) => value),
      ["on", "on", "on", "", "UTF8", "off"],
    );
    assert.deepEqual(await database.query(sql`select upper('é') as upper, 'Z' < 'a' as bytes`), [
      { upper: "É", bytes: true },
    ]);
    const folderOfSockets = String(server.config.client.host);
    assert.equal(decodeURIComponent(server.url.match(/host=([^&]*)/)?.[1] ?? ""), folderOfSockets);
  });

  test("runs parallel queries without /dev/shm", async () => {
    await using server = await openEmbedded(state, process.env);
    await using database = await openDatabase(server.config);
    await using session = await database.session();
    await session.query(sql`set debug_parallel_query = on`);

    assert.deepEqual(
      await session.query(
        sql`select count(*)::int4 from pg_class a, pg_class b where a.oid = b.oid and a.relname = 'pg_class'`,
      ),
      [{ count: 1 }],
    );
  });

  test("stops when all commands were killed", async () => {
    const commands = [await startCommand(state), await startCommand(state)];
    const { postmaster, supervisor } = await pidsOf(state);
    for (const command of commands) await kill(command.pid);

    await goneSoon(postmaster, supervisor);
    assert.equal((await remembers(state)).length, 1);
  });

  test("gets a new supervisor when its own is killed, and is not disturbed", async () => {
    const command = await startCommand(state);
    const first = await pidsOf(state);
    await kill(first.supervisor);
    for (let tries = 0; tries < 300 && (await pidsOf(state)).supervisor === first.supervisor; tries++) await delay(10);
    const second = await pidsOf(state);

    assert.equal(second.postmaster, first.postmaster);
    await endCommand(command);
    await goneSoon(second.supervisor, second.postmaster);
  });

  test("left alone by killed commands and a killed supervisor, it is found by the next command", async () => {
    const command = await startCommand(state);
    const { postmaster, supervisor } = await pidsOf(state);
    await Promise.all([kill(supervisor), kill(command.pid)]);

    assert.ok(await isRunning(postmaster));
    await remembers(state);
    await goneSoon(postmaster);
  });

  test("recovers when everything was killed", async () => {
    const before = await remembers(state);
    const command = await startCommand(state);
    const { postmaster, supervisor } = await pidsOf(state);
    await Promise.all([kill(supervisor), kill(command.pid), kill(postmaster)]);

    assert.equal((await remembers(state)).length, before.length);
    assert.match(await readFile(join(state, "postgres", "postgres.log"), "utf8"), /not properly shut down/);
  });

  test("comes back for a command that goes on after the server was killed", async () => {
    await using server = await openEmbedded(state, process.env);
    await using database = await openDatabase(server.config);
    await kill((await pidsOf(state)).postmaster);
    const answer = async (triesLeft: number): Promise<unknown> => {
      try {
        return await database.query(sql`select 1 as one`);
      } catch (error) {
        if (triesLeft === 0) throw error;
        await delay(50);
        return answer(triesLeft - 1);
      }
    };

    assert.deepEqual(await answer(100), [{ one: 1 }]);
  });

  test("starts although a stale postmaster.pid names a process that runs", async () => {
    const stale = [
      process.pid,
      join(state, "postgres", "data"),
      1,
      5432,
      join(state, "postgres", "run"),
      "",
      "",
      "ready",
    ];
    await writeFile(join(state, "postgres", "data", "postmaster.pid"), `${stale.join("\n")}\n`);

    assert.equal((await remembers(state)).length, 1);
  });

  test("waits for one that is about to stop, again and again", async () => {
    for (let round = 0; round < 4; round++) {
      const ends = Array.from({ length: 3 }, () => remembers(state));
      assert.equal((await Promise.all(ends)).length, 3);
    }
  });

  test("does not heed the variables meant for another server", async () => {
    const misleading = {
      PGHOST: "nas",
      PGPORT: "1",
      PGUSER: "x",
      PGDATABASE: "x",
      PGDATA: "/x",
      PGPASSWORD: "x",
      PGSSLMODE: "verify-full",
      PGOPTIONS: "-c work_mem=x",
      PGSSLNEGOTIATION: "direct",
    };
    await endCommand(await startCommand(state, { ...process.env, ...misleading }));
  });

  test("keeps its folder closed to others", async () => {
    await using _server = await openEmbedded(state, process.env);
    const names = ["data", "run"];
    const modes = await Promise.all(
      names.map(async (name) => (await stat(join(state, "postgres", name))).mode & 0o777),
    );

    assert.deepEqual(modes, [0o700, 0o700]);
  });
});
