import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cp, mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { sql } from "../src/inventory/database.ts";
import { type Household, household, summaryOf } from "../src/testing/household.ts";
import { brokenPromises } from "../src/testing/promises.ts";
import { smallDisk } from "../src/testing/small-disk.ts";
import type { Tree } from "../src/testing/tree.ts";

const execute = promisify(execFile);

const files = (count: number, content = (n: number) => `content ${n}`): Tree =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [`${n}.txt`, content(n)]));

const goneFiles = async ({ database }: Household): Promise<number> => {
  const [row] = await database.query<{ gone: number }>(sql`select count(gone_at)::float8 as gone from file`);
  return row?.gone ?? 0;
};

describe("a source that lost more than half of its files", () => {
  test("is refused, and nothing counts as gone, until its owner says that it is right", async () => {
    await using home = await household({ phone: { kept: files(4), lost: files(8) }, laptop: { "a.txt": "a" } });
    await home.run();
    await rm(home.path("phone/lost"), { recursive: true });
    await writeFile(home.path("laptop/new.txt"), "new");
    const archived = await home.archived();
    const { status, stderr } = await home.onefold(["run", ...home.places]);

    assert.equal(status, 4);
    assert.match(
      stderr,
      /source "phone" has lost 8 of its 12 files \[SOURCE_SHRANK\]\n {2}hint: .*--accept-shrink phone/,
    );
    assert.equal(await goneFiles(home), 0);
    assert.deepEqual(await home.archived(), archived);
    const { scan } = await home.run({ more: ["--accept-shrink", "phone"] });
    assert.equal(scan.missing, 8);
    assert.equal((await home.run()).scan.missing, 0);
  });

  test("by a new order of its folders has lost nothing", async () => {
    await using home = await household({ phone: { old: files(20) } });
    await home.run();
    await rename(home.path("phone/old"), home.path("phone/new"));

    assert.equal((await home.run()).scan.missing, 20);
  });

  test("and has few, is refused only if it is empty", async () => {
    await using home = await household({ phone: files(3) });
    await home.run();
    for (const name of ["0.txt", "1.txt"]) await rm(home.path(`phone/${name}`));
    await home.run();
    await rm(home.path("phone/2.txt"));
    const { status, stderr } = await home.onefold(["run", ...home.places]);

    assert.equal(status, 4);
    assert.match(stderr, /has lost 1 of its 1 files \[SOURCE_SHRANK\]/);
  });
});

describe("another disk where a source was mounted", () => {
  test("is refused unless the source's files are on it", async (t) => {
    await using disk = await smallDisk(16);
    if (disk === null) return t.skip("takes root and loop devices");
    await using home = await household({ spare: files(6) });
    await cp(home.path("spare"), `${disk.root}/files`, { recursive: true, preserveTimestamps: true });
    const run = () => home.onefold(["run", "--source", `usb=${disk.root}`, "--archive", home.path("archive")]);
    assert.equal((await run()).status, 0);
    await execute("mount", ["-t", "tmpfs", "another", disk.root]);
    try {
      for (let n = 0; n < 9; n++) await writeFile(`${disk.root}/other ${n}`, `other ${n}`);
      const wrong = await run();
      await cp(home.path("spare"), `${disk.root}/files`, { recursive: true, preserveTimestamps: true });
      const right = await run();

      assert.equal(wrong.status, 4, wrong.stderr);
      assert.match(wrong.stderr, /was ext4 of .*, now it is tmpfs of another, and of 6 files 0 .*\[SOURCE_REPLACED\]/);
      assert.equal(right.status, 0, right.stderr);
      assert.match(right.stderr, /now it is tmpfs of another; its files are there/);
    } finally {
      await execute("umount", [disk.root]);
    }
  });

  test("makes the archive's folder no archive", async (t) => {
    await using disk = await smallDisk(16);
    if (disk === null) return t.skip("takes root and loop devices");
    await using home = await household({ phone: files(2) });
    const run = () => home.onefold(["run", "--source", home.path("phone"), "--archive", disk.root]);
    assert.equal((await run()).status, 0);
    assert.equal((await run()).status, 0);
    await execute("mount", ["-t", "tmpfs", "another", disk.root]);
    try {
      const { status, stderr } = await run();

      assert.equal(status, 4);
      assert.match(stderr, /\[ARCHIVE_REPLACED\]/);
      assert.deepEqual(await readdir(disk.root), []);
    } finally {
      await execute("umount", [disk.root]);
    }
  });
});

/** Stops the program as soon as its run has begun: the sources are found, and hardly looked at. */
async function stoppedAtStart(home: Household, args: readonly string[]) {
  const running = home.start(args);
  const begun = sql`select from run where status = 'running'`;
  while ((await home.database.query(begun)).length === 0 && running.child.exitCode === null) await delay(1);
  running.child.kill("SIGSTOP");
  return running;
}

describe("in the middle of a run", () => {
  test("a share that is unmounted makes no file count as gone, and the other sources go on", async (t) => {
    await using disk = await smallDisk(16);
    if (disk === null) return t.skip("takes root and loop devices");
    await using home = await household({ phone: { "a.txt": "a" } });
    for (let n = 0; n < 4; n++) await writeFile(`${disk.root}/${n}.txt`, `on the share ${n}`);
    const places = ["--source", `nas=${disk.root}`, ...home.places];
    await summaryOf(home.onefold(["run", "--json", ...places]));
    await writeFile(home.path("phone/b.txt"), "new");
    const running = await stoppedAtStart(home, ["run", "--json", "--accept-shrink", "nas", ...places]);
    await execute("umount", ["-l", disk.root]);
    running.child.kill("SIGCONT");
    const { scan, problems, consolidate } = await summaryOf(running.ended, 5);
    await execute("mount", ["-o", "loop", `${disk.root.replace(/mounted$/, "image")}`, disk.root]);

    assert.equal(scan.missing, 0);
    assert.equal(await goneFiles(home), 0);
    assert.deepEqual(
      problems.map(({ source, code }) => [source, code]),
      [["nas", "SOURCE_LOST"]],
    );
    assert.equal(consolidate.copiedFiles, 1);
    assert.equal((await summaryOf(home.onefold(["run", "--json", ...places]))).scan.missing, 0);
  });

  test("what is mounted inside a source hides files, which do not count as gone", async (t) => {
    if (process.getuid?.() !== 0) return t.skip("takes root");
    await using home = await household({ phone: { hidden: files(3), "a.txt": "a" } });
    await home.run();
    const running = await stoppedAtStart(home, ["run", "--json", ...home.places]);
    await execute("mount", ["-t", "tmpfs", "over", home.path("phone/hidden")]);
    running.child.kill("SIGCONT");
    try {
      const { scan } = await summaryOf(running.ended, 5);
      assert.equal(scan.missing, 0);
    } finally {
      await execute("umount", [home.path("phone/hidden")]);
    }
    await home.run();
    assert.deepEqual(await brokenPromises(home), []);
  });

  test("an archive over which something is mounted is left alone", async (t) => {
    if (process.getuid?.() !== 0) return t.skip("takes root");
    await using home = await household({ phone: files(5) });
    const running = await stoppedAtStart(home, ["run", ...home.places]);
    await execute("mount", ["-t", "tmpfs", "over", home.path("archive")]);
    running.child.kill("SIGCONT");
    try {
      const { status, stderr } = await running.ended;
      assert.equal(status, 5, stderr);
      assert.match(stderr, /\[ARCHIVE_LOST\]/);
      assert.deepEqual(await readdir(home.path("archive")), []);
    } finally {
      await execute("umount", [home.path("archive")]);
    }
    await home.run();
    assert.deepEqual(await brokenPromises(home), []);
  });

  test("a disk that others fill up keeps its reserve; what was copied stays, and the run is incomplete", async (t) => {
    await using disk = await smallDisk(128);
    if (disk === null) return t.skip("takes root and loop devices");
    await using home = await household({ phone: files(1_600, (n) => `${n} `.repeat(6_000)) });
    const run = ["run", "--json", "--source", home.path("phone"), "--archive", disk.root];
    const running = home.start(run);
    const isRecorded = async () => (await home.database.query(sql`select from entry limit 1`)).length > 0;
    while (running.child.exitCode === null && !(await isRecorded())) await delay(2);
    running.child.kill("SIGSTOP");
    // Fills it, and leaves a little more than what must stay free.
    const fill = `head -c 500M /dev/zero > "$1"; s=$(stat -c %s "$1"); truncate -s $((s - 3000000)) "$1"; sync -f "$1"`;
    await execute("sh", ["-c", fill, "sh", `${disk.root}/by-another`]);
    running.child.kill("SIGCONT");
    const { problems, consolidate } = await summaryOf(running.ended, 3);

    assert.deepEqual(
      problems.map(({ source, code }) => [source, code]),
      [["archive", "ARCHIVE_FULL"]],
    );
    assert.ok(consolidate.copiedFiles > 0 && consolidate.copiedFiles < 1_600);
    await rm(`${disk.root}/by-another`);
    assert.equal((await home.onefold(run)).status, 0);
  });
});

test("a dry run says whether the plan fits", async (t) => {
  await using disk = await smallDisk(16);
  if (disk === null) return t.skip("takes root and loop devices");
  await using home = await household({ phone: { "large.bin": "x".repeat(20_000_000) } });
  const places = ["--source", home.path("phone"), "--archive", disk.root];
  const dry = await home.onefold(["run", "--dry-run", ...places]);

  assert.equal(dry.status, 0, dry.stderr);
  assert.match(dry.stdout, /^Room .*TOO LITTLE/m);
  assert.match((await home.onefold(["plan", ...places])).stdout, /TOO LITTLE/);
  assert.match((await home.onefold(["run", "--dry-run", ...home.places])).stdout, /^Room .*: enough$/m);
});

test("a source that shows the archive through another mount is refused", async (t) => {
  if (process.getuid?.() !== 0) return t.skip("takes root");
  await using home = await household({ phone: files(1) });
  await mkdir(home.path("again"));
  await execute("mount", ["--bind", home.path("archive"), home.path("again")]);
  try {
    const { status, stderr } = await home.onefold(["run", "--source", home.path("again"), ...home.places]);
    assert.equal(status, 2);
    assert.match(stderr, /mounts of one file system.* \[ROOTS_OVERLAP\]/);
  } finally {
    await execute("umount", [home.path("again")]);
  }
});
