import assert from "node:assert/strict";
import { appendFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { sql } from "../src/inventory/database.ts";
import { makeSparse } from "../src/testing/consolidation.ts";
import { type Household, household, snapshot, summaryOf } from "../src/testing/household.ts";
import { documentsOf, type Running } from "../src/testing/onefold.ts";
import { brokenPromises } from "../src/testing/promises.ts";
import type { Tree } from "../src/testing/tree.ts";

/** Enough to be interrupted in: its copying takes a second. */
const many = (count: number, of: (n: number) => string): Tree =>
  Object.fromEntries(
    Array.from({ length: 20 }, (_, folder) => [
      `folder ${folder}`,
      Object.fromEntries(Array.from({ length: count / 20 }, (_, n) => [`${n}.txt`, of((folder * count) / 20 + n)])),
    ]),
  );
const sources = {
  phone: many(600, (n) => `${n} `.repeat(6_000)),
  laptop: many(200, (n) => `${n % 100} `.repeat(6_000)),
};

/** Polls; the program may also be too fast, which is no failure. */
async function waitFor(running: Running, isTime: () => Promise<boolean>): Promise<void> {
  while (running.child.exitCode === null && running.child.signalCode === null && !(await isTime())) await delay(2);
}

const isCopying = (home: Household) => async () => (await namesIn(home, ".onefold/tmp")).length > 4;
const isLinking = (home: Household) => async () => (await namesIn(home, "by-source")).length > 0;
const isOpened = (home: Household) => async () => (await namesIn(home, ".onefold")).length > 0;
const isRecording = (home: Household) => async () =>
  (await home.database.query(sql`select from entry limit 1`)).length > 0;
const namesIn = (home: Household, folder: string) => readdir(home.path(`archive/${folder}`)).catch(() => []);

describe("an interrupted run", () => {
  for (const [signal, expected] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const) {
    test(`that got ${signal} finishes or discards what is in hand, and the next one goes on`, async () => {
      await using home = await household(sources);
      const running = home.start(["run", ...home.places]);
      await waitFor(running, isRecording(home));
      running.child.kill(signal);
      const { status, stderr, stdout } = await running.ended;

      assert.equal(status, expected, stderr);
      assert.match(stderr, /Stopping/);
      assert.match(stdout, /Interrupted\. .*the same command goes on from here/);
      assert.deepEqual(await namesIn(home, ".onefold/tmp"), []);
      const [last] = documentsOf<{ status: string }>(await home.onefold(["history", "--json"]));
      assert.equal(last?.status, "interrupted");
      const next = await home.run();
      assert.deepEqual(await brokenPromises(home), []);
      assert.ok(next.plan.alreadyArchived > 0, "what was done is kept");
    });
  }

  test("ends at once at the second Ctrl-C, and the next one still makes all good", async () => {
    await using home = await household(sources);
    const running = home.start(["run", ...home.places]);
    await waitFor(running, isCopying(home));
    running.child.kill("SIGINT");
    await running.said("Stopping");
    running.child.kill("SIGINT");

    const { status, signal, stderr } = await running.ended;
    assert.equal(status, 130, `${signal} ${stderr}`);
    await home.run();
    assert.deepEqual(await brokenPromises(home), []);
  });
});

test("killed at any moment and run again: the same archive, and nothing left behind", async () => {
  await using calm = await household(sources);
  await using home = await household(sources);
  await calm.run();
  const untouched = await snapshot(home.path("phone"));
  for (const moment of [isOpened(home), isCopying(home), isRecording(home), isLinking(home)]) {
    const running = home.start(["run", ...home.places]);
    await waitFor(running, moment);
    running.child.kill("SIGKILL");
    await running.ended;
  }
  const { status } = await home.run();

  assert.equal(status, "complete");
  assert.deepEqual(await home.archived(), await calm.archived());
  assert.deepEqual(await brokenPromises(home), []);
  assert.deepEqual(await snapshot(home.path("phone")), untouched);
  const { plan } = await home.run();
  assert.deepEqual([plan.copyFiles, plan.linkFiles], [0, 0]);
});

test("killed between a published file and its record: the file is found again, not copied twice", async () => {
  await using home = await household({ phone: { "a.txt": "a", "b.txt": "b" } });
  await home.run();
  await home.database.query(sql`delete from entry`);
  await home.database.query(sql`delete from file using folder where folder.id = folder_id and path <> ''`);
  const { consolidate } = await home.run();

  assert.equal(consolidate.copiedFiles, 0);
  assert.deepEqual(await brokenPromises(home), []);
});

test("a killed scan keeps what it has seen", async () => {
  const folders = Object.fromEntries(
    Array.from({ length: 25 }, (_, n) => [
      `${n}`,
      Object.fromEntries(Array.from({ length: 1_000 }, (_, m) => [`${m}`, ""])),
    ]),
  );
  await using home = await household({ phone: folders });
  const running = home.start(["scan", ...home.places]);
  await waitFor(running, async () => (await home.database.query(sql`select from file limit 1`)).length > 0);
  running.child.kill("SIGKILL");
  await running.ended;
  const { scan } = await summaryOf(home.onefold(["scan", "--json", ...home.places]));

  assert.ok(scan.unchanged >= 1_000, `${scan.unchanged}`);
  assert.equal(scan.new + scan.unchanged, 25_000);
  const runs = documentsOf<{ status: string }>(await home.onefold(["history", "--json"]));
  assert.deepEqual(runs.map(({ status }) => status).slice(0, 1), ["complete"]);
  assert.ok(!runs.some(({ status }) => status === "running"));
});

test("while one run is active, a second one is refused and disturbs nothing; looking is allowed", async () => {
  await using home = await household(sources);
  const first = home.start(["run", "--json", ...home.places]);
  await waitFor(first, isCopying(home));
  first.child.kill("SIGSTOP");
  const second = await home.onefold(["run", ...home.places]);
  const scan = await home.onefold(["scan", ...home.places]);
  const status = await home.onefold(["status"]);
  first.child.kill("SIGCONT");

  assert.equal(second.status, 7, second.stderr);
  assert.equal(scan.status, 7, scan.stderr);
  const named = new RegExp(
    `: onefold run \\(process ${first.child.pid} on .*\\), run .* \\[RUN_ACTIVE\\]\\n {2}hint: `,
  );
  assert.match(second.stderr, named);
  assert.equal(status.status, 0, status.stderr);
  assert.equal((await summaryOf(first.ended)).status, "complete");
  assert.deepEqual(await brokenPromises(home), []);
});

test("an archive that another inventory's run is changing is refused, too", async () => {
  await using home = await household(sources);
  await using other = await household({ usb: { "a.txt": "a" } });
  const first = home.start(["run", "--json", ...home.places]);
  await waitFor(first, isCopying(home));
  first.child.kill("SIGSTOP");
  const second = await other.onefold(["run", "--source", other.path("usb"), "--archive", home.path("archive")]);
  first.child.kill("SIGCONT");

  assert.equal(second.status, 7, second.stderr);
  await summaryOf(first.ended);
});

test("a file that changes while it is read is never archived half old, half new", async () => {
  await using home = await household({ phone: { "calm.txt": "calm" } });
  const size = 300_000_000;
  await makeSparse(home.path("phone/film.mkv"), size);
  const running = home.start(["run", "--json", ...home.places]);
  await waitFor(running, async () => {
    const sizes = (await namesIn(home, ".onefold/tmp")).map(async (name) => {
      return (await stat(home.path(`archive/.onefold/tmp/${name}`)).catch(() => null))?.size ?? 0;
    });
    return (await Promise.all(sizes)).some((written) => written > 1_000_000);
  });
  running.child.kill("SIGSTOP");
  await appendFile(home.path("phone/film.mkv"), "one more scene");
  running.child.kill("SIGCONT");
  const { problems } = await summaryOf(running.ended, 3);

  assert.deepEqual(
    problems.map(({ path, code }) => `${path} ${code}`),
    ["film.mkv CHANGED_WHILE_READ"],
  );
  assert.deepEqual(Object.keys(Object(await home.archived()).files), ["calm.txt"]);
  await home.run();
  assert.deepEqual(await brokenPromises(home), []);
});

test("files that vanish or change after the scan are listed, and the rest is archived", async () => {
  await using home = await household({ phone: { "gone.txt": "gone", "grown.txt": "grown", "calm.txt": "calm" } });
  await home.onefold(["scan", ...home.places]);
  await rm(home.path("phone/gone.txt"));
  await appendFile(home.path("phone/grown.txt"), " up");
  await writeFile(home.path("phone/new.txt"), "not known yet");
  const { problems, consolidate } = await summaryOf(home.onefold(["consolidate", "--json", ...home.places]), 3);

  assert.deepEqual(problems.map(({ source, path, code }) => `${source}/${path} ${code}`).sort(), [
    "phone/gone.txt ENOENT",
    "phone/grown.txt CHANGED_SINCE_SCAN",
  ]);
  assert.deepEqual([consolidate.copiedFiles, consolidate.failed], [1, 2]);
  assert.deepEqual(await namesIn(home, ".onefold/tmp"), []);
  await home.run();
  assert.deepEqual(await brokenPromises(home), []);
  assert.deepEqual(Object(await home.archived()).files, {
    "calm.txt": "calm",
    "grown.txt": "grown up",
    "new.txt": "not known yet",
  });
});
