/** What may go wrong while space is freed: rot, faults of disks, shares mounted twice, kills. Nothing is ever lost. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { lstat, mkdir, readdir, rename, utimes, writeFile } from "node:fs/promises";
import { describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { sql } from "../src/inventory/database.ts";
import type { PathText } from "../src/model/path.ts";
import { filesIn, type Household, household, snapshot } from "../src/testing/household.ts";
import { documentOf, type Ended, programLine } from "../src/testing/onefold.ts";
import { hasStrace } from "../src/testing/programs.ts";
import {
  archiveAll,
  codes,
  counts,
  phoneAndQuarantine,
  type ReclaimedDocument,
  reclaim,
  undo,
} from "../src/testing/reclaiming.ts";
import { smallDisk } from "../src/testing/small-disk.ts";
import type { Tree } from "../src/testing/tree.ts";

const traced = { skip: hasStrace() ? false : "strace is not here, or may not trace" };

/** Other bytes behind the same size and time. */
async function rot(path: PathText): Promise<void> {
  const { mtime, size } = await lstat(path);
  await writeFile(path, "?".repeat(size));
  await utimes(path, mtime, mtime);
}

/** Has the inventory take a rotten file for one that nobody has touched. */
async function hideRot(home: Household, name: string): Promise<void> {
  const { mtimeNs, ctimeNs } = await lstat(home.path(`phone/${name}`), { bigint: true });
  await home.database.query(sql`
    update file set mtime = ${mtimeNs}::bigint, ctime = ${ctimeNs}::bigint
    from folder join source on source.id = source_id
    where folder.id = folder_id and source.name = 'phone' and file.name = ${name}
  `);
}

describe("an integrity alarm", () => {
  const files = { a: "one", b: "two", c: "three" };

  test("a file reads differently, though nobody touched it: nothing more is taken from that source", async () => {
    await using home = await household({ phone: files });
    await archiveAll(home);
    await rot(home.path("phone/b"));
    await hideRot(home, "b");
    const before = await snapshot(home.path("phone"));
    const told = await reclaim(home, ["--apply", "--delete"], 6);
    const text = await home.onefold(["reclaim", "phone", "--apply", ...home.places]);

    assert.deepEqual(codes(told), ["b CONTENT_CHANGED"]);
    assert.deepEqual(counts(told), { files: 0, bytes: 0, left: 3 });
    assert.deepEqual(await snapshot(home.path("phone")), before);
    assert.match(text.stdout, /^ {2}phone: b: two readings differ, .* \[CONTENT_CHANGED\]$/m);
    assert.match(text.stdout, /^ALARM: /m);
  });

  test("an entry reads differently: the file is kept, the entry marked, and the rest goes", async () => {
    await using home = await household({ phone: files });
    await archiveAll(home);
    const entry = home.path("archive/files/b");
    const { mtimeNs } = await lstat(entry, { bigint: true });
    await rot(entry);
    const seconds = Number((await lstat(entry, { bigint: true })).mtimeNs - mtimeNs) / 1e9;
    await home.database.query(sql`
      update file set mtime = ${(await lstat(entry, { bigint: true })).mtimeNs}::bigint
      from folder join source on source.id = source_id
      where folder.id = folder_id and source.kind = 'archive' and file.name = 'b'
    `);
    const told = await reclaim(home, ["--apply"], 6);
    const again = await reclaim(home, ["--apply"]);

    assert.ok(Math.abs(seconds) < 0.001);
    assert.deepEqual(codes(told), ["b ENTRY_DAMAGED"]);
    assert.deepEqual(await phoneAndQuarantine(home, told.run), {
      phone: { b: "two" },
      quarantine: { a: "one", c: "three" },
    });
    assert.deepEqual(counts(again), { files: 0, bytes: 0, left: 1 });
  });
});

describe("a source that is the archive under another path", () => {
  const mounted = (args: readonly string[]) => spawnSync("mount", args).status === 0;

  for (const [what, status, mount] of [
    [
      "mounted a second time",
      2,
      (home: Household) => mounted(["--bind", home.path("archive/by-source/phone"), home.path("phone")]),
    ],
    [
      "with other inode numbers",
      3,
      (home: Household) => {
        const options = `lowerdir=${home.path("archive/by-source/phone")},upperdir=${home.path("up")},workdir=${home.path("work")}`;
        return mounted(["-t", "overlay", "overlay", "-o", options, home.path("phone")]);
      },
    ],
  ] as const) {
    test(`${what}: no file goes`, async (t) => {
      await using home = await household({ phone: { a: "one", b: { c: "two" } } });
      await archiveAll(home);
      await Promise.all(["up", "work"].map((name) => mkdir(home.path(name))));
      if (!mount(home)) return t.skip("only root can mount, and not everywhere");
      try {
        await home.onefold(["scan", ...home.places]);
        await home.database.query(sql`update file set racy = false`);
        const before = await snapshot(home.path("archive/by-source"));
        const told = await home.onefold(["reclaim", "phone", "--json", ...home.places, "--apply", "--delete"]);

        assert.equal(told.status, status, told.stderr);
        assert.match(
          told.stdout,
          told.status === 2 ? /ROOTS_OVERLAP/ : /"a","code":"SAME_FILE".*"b\/c","code":"SAME_FILE"/,
        );
        assert.deepEqual(await snapshot(home.path("phone")).then((all) => [...all.keys()]), ["", "a", "b", "b/c"]);
        const after = await snapshot(home.path("archive/by-source"));
        assert.deepEqual(filesIn(after), filesIn(before));
      } finally {
        spawnSync("umount", [home.path("phone")]);
      }
    });
  }
});

test("on another disk hard links are refused, and so is a disk that is mounted read-only", async (t) => {
  await using disk = await smallDisk(16);
  if (disk === null) return t.skip("only root can mount, and not everywhere");
  await using home = await household({});
  const phone = ["--source", `phone=${disk.root}`];
  await writeFile(`${disk.root}/a`, "one");
  await home.run({ more: phone });
  await home.database.query(sql`update file set racy = false`);
  const start = (more: readonly string[]) => home.onefold(["reclaim", "phone", ...home.places, ...phone, ...more]);
  const linking = await start(["--apply", "--hard-link"]);
  await disk.remount("ro");
  const shown = await start([]);
  const sealed = await start(["--apply"]);
  await disk.remount("rw");
  const done = await start(["--apply", "--json"]);

  assert.deepEqual([linking.status, /\[CROSS_DEVICE\]/.test(linking.stderr)], [4, true], linking.stderr);
  assert.deepEqual([shown.status, /^move phone:a /.test(shown.stdout)], [0, true], shown.stdout);
  assert.deepEqual([sealed.status, /mounted read-only \[SOURCE_NOT_WRITABLE\]/.test(sealed.stderr)], [4, true]);
  assert.equal(documentOf<ReclaimedDocument>(done).reclaim.files, 1);
});

/** `onefold reclaim phone --apply --json …` under strace. */
async function reclaimWith(home: Household, faults: readonly string[], more: readonly string[]): Promise<Ended> {
  const line = programLine(["reclaim", "phone", "--apply", "--json", ...home.places, ...more]);
  const child = spawn("strace", ["-f", "-qq", "-o", "/dev/null", ...faults, ...line], {
    env: { ...process.env, ...home.environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  await once(child, "close");
  return { status: child.exitCode, signal: child.signalCode, stdout, stderr };
}

describe("a disk that fails in the middle of it", traced, () => {
  const files = { a: "one", b: "two", c: "three" };
  const failing = (call: string, when: string) => [
    "-e",
    `trace=${call}`,
    "-e",
    `inject=${call}:error=EIO:when=${when}`,
  ];

  test("at a move: that file is listed and stays, the others go", async () => {
    await using home = await household({ phone: files });
    await archiveAll(home);
    const { status, stdout } = await reclaimWith(home, failing("rename", "2"), []);
    const told: ReclaimedDocument = JSON.parse(stdout);

    assert.deepEqual([status, codes(told)], [3, ["b EIO"]]);
    assert.deepEqual(await phoneAndQuarantine(home, told.run), {
      phone: { b: "two" },
      quarantine: { a: "one", c: "three" },
    });
  });

  test("at a removal: that file is back at its place", async () => {
    const many: Tree = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`${n}`, `file ${n}`]));
    await using home = await household({ phone: many });
    await archiveAll(home);
    // Counted in each thread: nobody but the one that removes does it so often.
    const { status, stdout } = await reclaimWith(home, failing("unlink", "12"), ["--delete"]);
    const told: ReclaimedDocument = JSON.parse(stdout);
    const [path = ""] = told.problems.map((problem) => problem.path);

    assert.deepEqual([status, codes(told)], [3, [`${path} EIO`]]);
    assert.deepEqual((await phoneAndQuarantine(home, told.run)).phone, { [path]: many[path] });
    assert.deepEqual(await readdir(home.path("phone/.onefold/tmp")), []);
  });

  test("at a flush: nothing counts as done, and the next one finds out what is", async () => {
    await using home = await household({ phone: files });
    await archiveAll(home);
    const { status, stderr } = await reclaimWith(home, ["-P", home.path("phone"), ...failing("fsync", "1")], []);
    const known = await home.database.query(sql`
      select file.name from file join folder on folder.id = folder_id join source on source.id = source_id
      where source.name = 'phone' and gone_at is null`);
    const told = await reclaim(home, ["--apply"]);

    assert.deepEqual([status, /\[SOURCE_LOST\]/.test(stderr)], [5, true], stderr);
    assert.equal(known.length, 3);
    assert.deepEqual(counts(told), { files: 0, bytes: 0, left: 0 });
    const [run = ""] = await readdir(home.path("phone/.onefold/quarantine"));
    assert.deepEqual((await phoneAndQuarantine(home, run)).quarantine, files);
  });

  test("a file that takes the place of the one that was read is given back", async () => {
    for (const how of [[], ["--delete"]]) {
      await using home = await household({ phone: { a: "one" } });
      await archiveAll(home);
      const slow = ["-e", "trace=rename", "-e", "inject=rename:delay_enter=1500000:when=1"];
      const running = reclaimWith(home, slow, how);
      while (!existsSync(home.path("phone/.onefold"))) await delay(5);
      await delay(300);
      await writeFile(home.path("newer"), "the only copy of something");
      await rename(home.path("newer"), home.path("phone/a"));
      const { status, stdout } = await running;
      const told: ReclaimedDocument = JSON.parse(stdout);

      assert.deepEqual([status, codes(told)], [3, ["a CHANGED_SINCE_SCAN"]]);
      assert.deepEqual(await phoneAndQuarantine(home, told.run), {
        phone: { a: "the only copy of something" },
        quarantine: {},
      });
    }
  });
});

test("interrupted, it ends after the files in hand, and the same command goes on", async () => {
  const many: Tree = Object.fromEntries(
    Array.from({ length: 30 }, (_, folder) => [
      `${folder}`,
      Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`${n}`, `file ${folder} ${n}`])),
    ]),
  );
  await using home = await household({ phone: many });
  await archiveAll(home);
  const running = home.start(["reclaim", "phone", "--apply", ...home.places]);
  while (!existsSync(home.path("phone/.onefold/quarantine")) && running.child.exitCode === null) await delay(2);
  running.child.kill("SIGINT");
  const { status, stdout } = await running.ended;
  const rest = await reclaim(home, ["--apply"]);
  const [first = "", second = ""] = (await readdir(home.path("phone/.onefold/quarantine"))).sort();
  const quarantined = async (run: string) => filesIn(await snapshot(home.path(`phone/.onefold/quarantine/${run}`)));
  const [before, after] = [await quarantined(first), await quarantined(second)];

  assert.equal(status, 130, stdout);
  assert.match(stdout, /Interrupted\. .*the same command goes on from here/);
  assert.ok(before.length > 0 && after.length > 0);
  assert.equal(rest.reclaim.files, after.length);
  assert.equal(before.length + after.length, 1_200);
  assert.deepEqual((await home.run()).scan.missing, 0);
});

describe("killed between the intention and the end of it", traced, () => {
  for (const [how, call, when] of [
    [[], "rename", "2"],
    [["--delete"], "unlink", "12"],
    [["--delete"], "rename", "2"],
    [["--hard-link"], "rename", "2"],
  ] as const) {
    test(`${how[0] ?? "quarantine"}, at ${call}: the next one knows, and all comes back`, async () => {
      const files: Tree = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`${n}`, `file ${n}`]));
      await using home = await household({ phone: files });
      await archiveAll(home);
      const kill = ["-e", `trace=${call}`, "-e", `inject=${call}:error=EIO:signal=SIGKILL:when=${when}`];
      await reclaimWith(home, kill, how);
      const [run = ""] = (await readdir(home.path("archive/.onefold/journal"))).sort().slice(-1);
      // One that was caught on its way out is back: it has changed, as far as times tell.
      const caught = call === "unlink" ? 1 : 0;
      const next = await reclaim(home, ["--apply", ...how], caught * 3);

      assert.deepEqual(
        next.problems.map(({ code }) => code),
        Array(caught).fill("CHANGED_SINCE_SCAN"),
      );
      assert.deepEqual((await home.run()).problems, []);
      const { run: second } = next;
      await undo(home, second);
      await undo(home, run.replace(".jsonl", ""));
      const { phone } = await phoneAndQuarantine(home, run);
      assert.deepEqual(phone, files);
      assert.ok(!existsSync(home.path("phone/.onefold")), "nothing is left behind");
    });
  }
});
