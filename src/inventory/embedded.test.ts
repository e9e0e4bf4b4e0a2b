import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, cp, lstat, mkdir, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { temporaryFolder } from "../testing/folder.ts";
import { openDatabase, sql } from "./database.ts";
import { openEmbedded } from "./embedded.ts";
import { isRunning } from "./process-identity.ts";
import { readLockHolder } from "./process-lock.ts";
import { findServerPackage, prepareBinaries } from "./server-binaries.ts";
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

test("a state folder whose path is too long for a socket works, and leaves nothing in the temporary folder", async () => {
  await using folder = await temporaryFolder();
  const state = join(folder.path, "a".repeat(150), "b".repeat(150));
  const short = join(folder.path, "t");
  await mkdir(short);
  const server = await openEmbedded(state, { ...process.env, XDG_RUNTIME_DIR: short });
  assert.equal((await readdir(short)).length, 1);
  await (await openDatabase(server.config))[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();

  assert.deepEqual(await readdir(short), []);
});

const root = process.getuid?.() === 0;

test("root without user namespaces has it run by another user, in a folder only root may enter", {
  skip: !root,
}, async () => {
  await using folder = await temporaryFolder();
  const [state, tools] = [join(folder.path, "state"), join(folder.path, "tools")];
  await mkdir(tools);
  await symlink("/bin/false", join(tools, "unshare"));
  const environment = { ...process.env, PATH: `${tools}:${process.env["PATH"]}` };
  for (let round = 0; round < 2; round++) {
    await using server = await openEmbedded(state, environment);
    await using database = await openDatabase(server.config);
    await database.query(sql`select 1`);
  }

  assert.notEqual((await stat(join(state, "postgres", "data"))).uid, 0);
  // And so it stays, also where namespaces would do.
  await remembers(state);
});

test("… also where only root may enter the folder that PostgreSQL's programs lie in", { skip: !root }, async () => {
  await using folder = await temporaryFolder();
  await using open = await temporaryFolder();
  await chmod(open.path, 0o711);
  const [tools, programs] = [join(folder.path, "tools"), join(folder.path, "package")];
  await mkdir(tools);
  await symlink("/bin/false", join(tools, "unshare"));
  await cp(findServerPackage(), programs, { recursive: true, verbatimSymlinks: true });
  const environment = { ...process.env, PATH: `${tools}:${process.env["PATH"]}`, TMPDIR: open.path };
  // A state folder that others may pass, and one that they may not.
  for (const state of [join(open.path, "state"), join(folder.path, "state"), join(open.path, "state")]) {
    await using server = await openEmbedded(state, environment, programs);
    await using database = await openDatabase(server.config);
    await database.query(sql`select 1`);
  }

  // What was copied for them is gone.
  assert.deepEqual(await readdir(open.path), ["state"]);
  assert.deepEqual((await readdir(join(open.path, "state", "postgres"))).sort(), ["data", "postgres.log"]);
});

test("finds its libraries although no install script ran and its package is read-only", async () => {
  await using folder = await temporaryFolder();
  const copy = join(folder.path, "package");
  await cp(findServerPackage(), copy, {
    recursive: true,
    filter: async (path) => !(await lstat(path)).isSymbolicLink(),
  });
  const { initdb, postgres, libraries } = await prepareBinaries(copy, join(folder.path, "lib"));
  const environment = libraries === null ? {} : { LD_LIBRARY_PATH: libraries };

  for (const program of [initdb, postgres]) {
    const { stdout } = await promisify(execFile)(program, ["--version"], { env: environment });
    assert.match(stdout, /PostgreSQL/);
  }
});

test("a state folder that cannot be written to is named", { skip: root }, async () => {
  await using folder = await temporaryFolder();
  await chmod(folder.path, 0o500);

  await assert.rejects(openEmbedded(join(folder.path, "state"), process.env), {
    code: "STATE_NOT_WRITABLE",
    exitCode: 5,
  });
});

test("a state folder that is a file is named", async () => {
  await using folder = await temporaryFolder();
  await writeFile(join(folder.path, "state"), "");

  await assert.rejects(openEmbedded(join(folder.path, "state"), process.env), { code: "STATE_NOT_WRITABLE" });
});

test("a server that does not start says why", async () => {
  await using folder = await temporaryFolder();
  const data = join(folder.path, "postgres", "data");
  await mkdir(data, { recursive: true, mode: 0o700 });
  await writeFile(join(data, "PG_VERSION"), "9.6\n");

  await assert.rejects(openEmbedded(folder.path, process.env), {
    code: "DATABASE_START_FAILED",
    hint: /9\.6|postgresql\.conf/,
  });
});
