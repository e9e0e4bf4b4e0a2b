import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { readConnection } from "../src/inventory/connection.ts";
import { openDatabase, sql } from "../src/inventory/database.ts";
import { migrate } from "../src/inventory/migrate.ts";
import { makeSparse } from "../src/testing/consolidation.ts";
import { filesIn, type Household, household, snapshot, summaryOf } from "../src/testing/household.ts";
import type { Summary } from "../src/testing/onefold.ts";
import { brokenPromises } from "../src/testing/promises.ts";
import { noTestServer, type TestServer } from "../src/testing/server.ts";
import {
  assertRefused,
  block,
  canary,
  nothingRunsIn,
  quiet,
  type Story,
  sharedServer,
  soon,
  story,
  untilBlocked,
} from "../src/testing/server-story.ts";
import type { Tree } from "../src/testing/tree.ts";

let server: TestServer;
before(async () => {
  if (noTestServer === false) server = await sharedServer();
});

/** Many enough for several batches. */
const many = (count: number, of: (n: number) => string): Tree =>
  Object.fromEntries(
    Array.from({ length: 10 }, (_, folder) => [
      `folder ${folder}`,
      Object.fromEntries(Array.from({ length: count / 10 }, (_, n) => [`${n}.txt`, of((folder * count) / 10 + n)])),
    ]),
  );
const sources = {
  phone: many(300, (n) => `${n} `.repeat(3_000)),
  laptop: many(100, (n) => `${n % 50} `.repeat(3_000)),
  usb: many(100, (n) => `${n % 75}, `.repeat(3_000)),
};

describe("a connection that is lost", { skip: noTestServer }, () => {
  /** What the archive becomes if nothing happens. */
  let calm: Tree;
  before(async () => {
    await using home = await household(sources);
    await home.run();
    calm = await home.archived();
  });

  /** Does something to the server while a command waits for a table; the command must end soon, in one line. */
  const disturb = async (own: Story, how: Disturbance, disturbance: () => Promise<void>): Promise<void> => {
    const look = await own.look();
    const blocker = await block(look, `${own.name}.${how.table}`, how.mode);
    const running = own.start([how.command, ...own.home.places]);
    await untilBlocked(look);
    const lostAt = performance.now();
    await disturbance();
    const ended = await soon(running);
    await blocker[Symbol.asyncDispose]();
    await look[Symbol.asyncDispose]();

    assert.ok(performance.now() - lostAt < 8_000, "it ended late");
    assertRefused(ended, "DATABASE_LOST");
    await nothingRunsIn(own.home);
  };
  const inScan: Disturbance = { command: "run", table: "file" };
  const inConsolidate: Disturbance = { command: "consolidate", table: "entry", mode: "exclusive" };
  const makesGood = async ({ home, run }: Story): Promise<Summary> => {
    const summary = await run();
    assert.deepEqual(await home.archived(), calm);
    assert.deepEqual(await brokenPromises(home), []);
    return summary;
  };

  for (const [how, end] of [
    ["killed", () => server.kill()],
    ["shut down", () => server.stop()],
  ] as const) {
    test(`as the server is ${how} in mid-scan ends the run; the next one goes on`, async () => {
      await using own = await story(sources);
      await own.start(["status"]).ended;
      const before = await snapshot(own.home.path("phone"));
      await disturb(own, inScan, end);
      await server.start();
      await makesGood(own);

      assert.deepEqual(await snapshot(own.home.path("phone")), before);
    });

    test(`as the server is ${how} in mid-consolidate ends it; what was copied is found again`, async () => {
      await using own = await story(sources);
      await quiet(own.start(["scan", ...own.home.places]).ended);
      await disturb(own, inConsolidate, end);
      const copied = filesIn(await snapshot(own.home.path("archive/files"))).length;
      await server.start();
      const { consolidate, plan } = await makesGood(own);

      assert.ok(copied > 0, "nothing was copied");
      assert.equal(consolidate.copiedFiles + copied, 375);
      assert.ok(plan.alreadyArchived >= copied);
    });
  }

  test("while the server goes on, by an administrator's hand, ends the run as well: the lock was lost with it", async () => {
    await using own = await story(sources);
    await own.start(["status"]).ended;
    await using look = await own.look();
    await disturb(own, inScan, async () => {
      await look.query(sql`
        select pg_terminate_backend(pid) from pg_locks join pg_stat_activity using (pid)
        where locktype = 'advisory' and application_name = 'onefold' and datname = current_database()`);
    });
    await makesGood(own);
  });

  test("while the largest files are read ends the run at once as well", async () => {
    await using own = await story({ phone: {}, usb: {} });
    const { home } = own;
    const size = 60_000_000_000;
    for (const source of ["phone", "usb"]) await makeSparse(home.path(`${source}/film.mkv`), size);
    const running = own.start(["scan", ...home.places]);
    await using look = await own.look();
    const isReading = async () => {
      const rows = await look.query({ text: `select from ${own.name}.file where head is not null`, values: [] });
      return rows.length === 2;
    };
    while (running.child.exitCode === null && !(await isReading().catch(() => false))) await delay(20);
    await delay(300);
    const lostAt = performance.now();
    await server.kill();
    const ended = await soon(running);
    await server.start();

    assertRefused(ended, "DATABASE_LOST");
    assert.ok(performance.now() - lostAt < 8_000, "it ended late");
  });

  test("between two commands or two pieces of work is made anew", async () => {
    await using own = await story(sources);
    const { home } = own;
    await using database = await openDatabase(await readConnection(own.url, { PGPASSWORD: canary }));
    await migrate(database);
    await quiet(own.start(["scan", ...home.places]).ended);
    await server.stop();
    await server.start();
    await database.query(sql`insert into source (kind, name, root) values ('source', 'gone', '/gone')`);
    await quiet(own.start(["consolidate", ...home.places]).ended);

    assert.deepEqual(await home.archived(), calm);
    assert.deepEqual(await database.query(sql`select name from source where name = 'gone'`), [{ name: "gone" }]);
  });

  test("at any moment: nothing is overwritten, nothing is lost, and nobody waits for ever", async () => {
    await using own = await story(sources);
    const { home } = own;
    const isIn = (folder: string, count: number) => async () => (await namesIn(home, folder)).length > count;
    const moments = [isIn(".onefold", 0), isIn(".onefold/tmp", 4), isIn("files", 4), isIn("by-source", 0)];
    for (const isTime of moments) {
      const running = own.start(["run", ...home.places]);
      while (running.child.exitCode === null && !(await isTime())) await delay(2);
      await server.kill();
      const ended = await soon(running);
      // It may have been too fast for us.
      if (ended.status !== 0) assertRefused(ended, "DATABASE_(?:LOST|UNREACHABLE)");
      await nothingRunsIn(home);
      await server.start();
    }
    await makesGood(own);
    const { plan } = await own.run();

    assert.deepEqual([plan.copyFiles, plan.linkFiles], [0, 0]);
  });
});

interface Disturbance {
  readonly command: "run" | "consolidate";
  /** Which it waits for, and for which use of it. */
  readonly table: string;
  readonly mode?: string;
}

const namesIn = (home: Household, folder: string) => readdir(home.path(`archive/${folder}`)).catch(() => []);

describe("a server that is not there", { skip: noTestServer }, () => {
  test("is waited for as long as a restart takes, also after a crash", async () => {
    await using own = await story({ phone: { "a.txt": "a" } });
    await server.kill();
    const running = own.start(["run", "--json", ...own.home.places]);
    await delay(2_000);
    await server.start();

    await summaryOf(quiet(running.ended));
  });

  test("or has no connection left is waited for, and told from one that is not there", async () => {
    await using own = await story({ phone: { "a.txt": "a" } });
    await quiet(own.start(["status"]).ended);
    await server.execute(`alter role ${own.name} connection limit 1`);
    const holder = await openDatabase(await readConnection(own.url, { PGPASSWORD: canary }));
    assertRefused(await own.start(["database", "url"], { PGCONNECT_TIMEOUT: "1" }).ended, "DATABASE_EXHAUSTED");
    const waiting = own.start(["database", "url"]);
    await delay(1_500);
    await holder[Symbol.asyncDispose]();

    assert.equal((await quiet(waiting.ended)).status, 0);
  });

  test("is waited for no longer than connect_timeout or ten seconds, and Ctrl-C ends it", async () => {
    await using own = await story({ phone: { "a.txt": "a" } });
    const { home } = own;
    await server.stop();
    try {
      const started = performance.now();
      const impatient = own.start(["run", ...home.places], { PGCONNECT_TIMEOUT: "1" });
      const patient = own.start(["run", ...home.places]);
      const interrupted = own.start(["run", ...home.places]);
      assertRefused(await impatient.ended, "DATABASE_UNREACHABLE");
      const impatientMs = performance.now() - started;
      interrupted.child.kill("SIGINT");
      const { status, stderr } = await interrupted.ended;
      const interruptedMs = performance.now() - started;
      assertRefused(await patient.ended, "DATABASE_UNREACHABLE");
      const patientMs = performance.now() - started;

      assert.equal(status, 130, stderr);
      assert.ok(impatientMs < 6_000 && interruptedMs < 9_000, `${impatientMs}, ${interruptedMs}`);
      assert.ok(patientMs > 9_000 && patientMs < 20_000, `${patientMs}`);
      assert.deepEqual(await readdir(home.path("archive")), []);
    } finally {
      await server.start();
    }
  });
});
