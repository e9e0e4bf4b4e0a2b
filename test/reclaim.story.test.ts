import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { lstat, mkdir, readdir, rename, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { describe, test } from "node:test";
import { sql } from "../src/inventory/database.ts";
import type { PathText } from "../src/model/path.ts";
import { filesIn, household, snapshot } from "../src/testing/household.ts";
import { documentsOf } from "../src/testing/onefold.ts";
import { archiveAll, codes, counts, phoneAndQuarantine, reclaim, undo } from "../src/testing/reclaiming.ts";
import { addTo, fileFrom, hardLinkTo, type Tree } from "../src/testing/tree.ts";

const second = 1_000_000_000n;
const beach = "the beach".repeat(20_000);
const sources = {
  phone: {
    DCIM: { "IMG_20190714_101500.jpg": fileFrom(1_563_099_300n * second, beach), "Thumbs.db": "junk" },
    "caf\\xe9\\x0a.txt": "dear",
    "letter.txt": "dear",
    empty: "",
  },
  usb: { "letter.txt": "dear" },
};
const entry = "archive/photos/2019/07/IMG_20190714_101500.jpg";

describe("without --apply", () => {
  test("it shows what would go, and no file changes", async () => {
    await using home = await household(sources);
    await archiveAll(home);
    const before = await snapshot(home.disk.root as PathText);
    const shown = await home.onefold(["reclaim", "phone", ...home.places]);
    const told = await reclaim(home, []);
    const after = await snapshot(home.disk.root as PathText);

    assert.equal(shown.status, 0, shown.stderr);
    assert.match(
      shown.stdout,
      /^move phone:DCIM\/IMG_20190714_101500\.jpg -> \.onefold\/quarantine\/RUN\/DCIM\/IMG_20190714_101500\.jpg {2}\(archive: photos\/2019\/07\/IMG_20190714_101500\.jpg\)$/m,
    );
    assert.match(shown.stdout, /^move phone:caf\\xe9\\x0a\.txt -> /m);
    assert.match(shown.stdout, /\nWould move 4 files, 180 kB in quarantine; 0 files stay\n/);
    assert.match(shown.stdout, /\nNothing was changed: --apply does it/);
    assert.deepEqual([told.command, told.status, told.problems], ["reclaim", "complete", []]);
    assert.deepEqual(
      { ...told.reclaim, seconds: 0 },
      {
        files: 4,
        bytes: beach.length + 8,
        left: 0,
        how: "quarantine",
        applied: false,
        seconds: 0,
      },
    );
    const ofUsers = (all: typeof before) => [...all].filter(([path]) => !path.startsWith("state"));
    assert.deepEqual(ofUsers(after), ofUsers(before));
  });

  test("the source is known by its name alone, and the others need not be there", async () => {
    await using home = await household(sources);
    await archiveAll(home);
    await rename(home.path("usb"), home.path("unplugged"));
    const ended = await home.onefold(["reclaim", "phone", "--json", "--archive", home.path("archive")]);

    assert.equal(ended.status, 0, ended.stderr);
    assert.equal(Object(JSON.parse(ended.stdout)).reclaim.files, 4);
  });
});

describe("with --apply", () => {
  test("exactly the proven files go into the quarantine, and all else stays as it is", async () => {
    await using home = await household(sources);
    await archiveAll(home);
    await writeFile(home.path("phone/new.txt"), "not archived");
    const before = await snapshot(home.path("phone"));
    const archive = await home.archived();
    const usb = await snapshot(home.path("usb"));
    const done = await reclaim(home, ["--apply"]);
    const after = await snapshot(home.path("phone"));

    assert.deepEqual(counts(done), { files: 4, bytes: beach.length + 8, left: 0 });
    assert.equal(done.reclaim.applied, true);
    assert.deepEqual(await phoneAndQuarantine(home, done.run), {
      phone: { DCIM: { "Thumbs.db": "junk" }, "new.txt": "not archived" },
      quarantine: {
        DCIM: { "IMG_20190714_101500.jpg": beach },
        "caf\\xe9\\x0a.txt": "dear",
        empty: "",
        "letter.txt": "dear",
      },
    });
    for (const [path, { inode, modifiedNs, mode }] of filesIn(before)) {
      const moved = after.get(path) ?? after.get(`.onefold/quarantine/${done.run}/${path}` as PathText);
      assert.deepEqual([moved?.inode, moved?.modifiedNs, moved?.mode], [inode, modifiedNs, mode], path);
    }
    assert.equal((await lstat(home.path("phone/.onefold/quarantine"))).mode & 0o777, 0o700);
    assert.deepEqual(await home.archived(), archive);
    assert.deepEqual(await snapshot(home.path("usb")), usb);
  });

  test("the next run is calm, and the quarantine is no part of the source", async () => {
    await using home = await household(sources);
    await archiveAll(home);
    await reclaim(home, ["--apply"]);
    const { scan, plan, problems } = await home.run();
    const again = await reclaim(home, ["--apply"]);

    assert.deepEqual([scan.missing, scan.new, scan.changed, scan.readBytes], [0, 0, 0, 0]);
    assert.deepEqual([plan.copyFiles, plan.linkFiles, problems], [0, 0, []]);
    assert.deepEqual(counts(again), { files: 0, bytes: 0, left: 0 });
  });

  test("history tells what went, and that the entries were read", async () => {
    await using home = await household(sources);
    await archiveAll(home);
    const { run } = await reclaim(home, ["--apply"]);
    const shown = await home.onefold(["history", run]);
    const records = documentsOf<{ do?: string }>(await home.onefold(["history", run, "--json"]));
    const [row] = await home.database.query<{ verified: number }>(
      sql`select count(*)::int4 as verified from entry where verified_run = ${run} and verified_at is not null`,
    );

    assert.match(
      shown.stdout,
      /^ {2}quarantined phone: DCIM\/IMG_20190714_101500\.jpg {2}\(archive: photos\/2019\/07\/IMG_20190714_101500\.jpg\)$/m,
    );
    assert.deepEqual(
      records.map((record) => record.do),
      [undefined, "begin", "intend", "done", "end"],
    );
    assert.equal(row?.verified, 3);
  });

  test("--delete removes the files, and nothing is left behind", async () => {
    await using home = await household(sources);
    await archiveAll(home);
    const done = await reclaim(home, ["--apply", "--delete"]);

    assert.deepEqual(counts(done), { files: 4, bytes: beach.length + 8, left: 0 });
    assert.deepEqual(await phoneAndQuarantine(home, done.run), {
      phone: { DCIM: { "Thumbs.db": "junk" } },
      quarantine: {},
    });
    assert.deepEqual(await readdir(home.path("phone/.onefold/tmp")), []);
    assert.deepEqual((await home.run()).scan.readBytes, 0);
  });

  test("--hard-link makes each file a name of its entry", async () => {
    await using home = await household(sources);
    await archiveAll(home);
    const done = await reclaim(home, ["--apply", "--hard-link"]);
    const linked = await lstat(home.path("phone/DCIM/IMG_20190714_101500.jpg"));

    // An empty file takes no space.
    assert.deepEqual(counts(done), { files: 3, bytes: beach.length + 8, left: 1 });
    assert.equal(linked.ino, (await lstat(home.path(entry))).ino);
    const { scan, plan } = await home.run();
    assert.deepEqual([scan.missing, scan.changed, scan.readBytes, plan.copyFiles], [0, 0, 0, 0]);
    assert.deepEqual(counts(await reclaim(home, ["--apply", "--hard-link"])), { files: 0, bytes: 0, left: 4 });
    // A name of the entry itself is no second copy.
    const kept = await reclaim(home, ["--apply", "--delete"], 3);
    assert.deepEqual(codes(kept).length, 3);
    assert.ok(kept.problems.every(({ code }) => code === "SAME_FILE"));
  });

  test("limits and a folder narrow it", async () => {
    const files: Tree = { a: { 1: "one", 2: "two", 3: "three" }, ab: { 1: "four" } };
    await using home = await household({ phone: files });
    await archiveAll(home);

    assert.deepEqual(counts(await reclaim(home, ["--below", "a/"])), { files: 3, bytes: 11, left: 0 });
    assert.deepEqual(counts(await reclaim(home, ["--max-files", "2"])), { files: 2, bytes: 6, left: 2 });
    assert.deepEqual(counts(await reclaim(home, ["--max-bytes", "7"])), { files: 2, bytes: 6, left: 2 });
    const done = await reclaim(home, ["--apply", "--below", "a", "--max-files", "2"]);
    assert.deepEqual(await phoneAndQuarantine(home, done.run), {
      phone: { a: { 3: "three" }, ab: { 1: "four" } },
      quarantine: { a: { 1: "one", 2: "two" } },
    });
    const escaping = await home.onefold(["reclaim", "phone", "--below", "../usb", ...home.places]);
    assert.deepEqual([escaping.status, /\[USAGE\]/.test(escaping.stderr)], [2, true]);
  });

  test("of hard links all names go, and the space is counted once", async () => {
    const files: Tree = { a: "same", b: hardLinkTo("phone/a"), c: { d: hardLinkTo("phone/a") } };
    for (const how of [[], ["--delete"]]) {
      await using home = await household({ phone: files });
      await archiveAll(home);
      const part = await reclaim(home, ["--apply", "--max-files", "1", ...how]);
      const { scan } = await home.run();
      const rest = await reclaim(home, ["--apply", ...how]);

      assert.deepEqual(counts(part), { files: 1, bytes: 0, left: 2 });
      assert.deepEqual([scan.changed, scan.readBytes], [0, 0]);
      // In quarantine another name is left.
      assert.deepEqual(counts(rest), { files: 2, bytes: how.length === 0 ? 0 : 4, left: 0 });
    }
  });
});

describe("a file stays where it is, and is listed,", () => {
  const cases: [what: string, change: (home: Awaited<ReturnType<typeof household>>) => Promise<void>, code: string][] =
    [
      [
        "if it changed after the scan",
        (home) => writeFile(home.path("phone/letter.txt"), "deer!"),
        "CHANGED_SINCE_SCAN",
      ],
      [
        "if somebody wrote to it and gave it its old time",
        async (home) => {
          const { mtime } = await lstat(home.path("phone/letter.txt"));
          await writeFile(home.path("phone/letter.txt"), "deer");
          await utimes(home.path("phone/letter.txt"), mtime, mtime);
        },
        "CHANGED_SINCE_SCAN",
      ],
      ["if it is gone", (home) => rm(home.path("phone/letter.txt")), "ENOENT"],
      [
        "if a link took its place",
        async (home) => {
          await rm(home.path("phone/letter.txt"));
          await symlink("../usb/letter.txt", home.path("phone/letter.txt"));
        },
        "ELOOP",
      ],
      ["if its entry is gone", (home) => rm(home.path("archive/files/letter.txt")), "ENTRY_MISSING"],
      [
        "if its entry is another file now",
        async (home) => {
          await rm(home.path("archive/files/letter.txt"));
          await writeFile(home.path("archive/files/letter.txt"), "dear");
        },
        "ENTRY_CHANGED",
      ],
    ];
  for (const [what, change, code] of cases) {
    test(what, async () => {
      await using home = await household({ phone: { "letter.txt": "dear", "other.txt": "other" } });
      await archiveAll(home);
      await change(home);
      const before = (await snapshot(home.path("phone"))).get("letter.txt" as PathText);
      const done = await reclaim(home, ["--apply", "--delete"], 3);

      assert.deepEqual(codes(done), [`letter.txt ${code}`]);
      assert.deepEqual(counts(done), { files: 1, bytes: 5, left: 1 });
      assert.deepEqual((await snapshot(home.path("phone"))).get("letter.txt" as PathText), before);
    });
  }

  test("if it is not archived, or not known well enough, without a word", async () => {
    await using home = await household({ phone: { a: "a", b: "b", c: "c", d: "d" } });
    await archiveAll(home);
    await home.database.query(sql`update file set racy = true where name = 'a'`);
    await home.database.query(sql`update file set claimed = true where name = 'b'`);
    await home.database.query(
      sql`update entry set damaged_hash = '\\x00' from file where file.id = file_id and name = 'c'`,
    );
    await home.database.query(sql`delete from entry using file where file.id = file_id and name = 'd'`);

    assert.deepEqual(counts(await reclaim(home, ["--apply"])), { files: 0, bytes: 0, left: 4 });
    assert.ok(!existsSync(home.path("phone/.onefold")));
  });
});

describe("it is refused", () => {
  const letter = { phone: { "letter.txt": "dear" } };

  test("for a source that nobody knows, and while another run is active", async () => {
    await using home = await household(letter);
    await archiveAll(home);
    const unknown = await home.onefold(["reclaim", "phon", ...home.places]);
    await using session = await home.database.session();
    await session.query(sql`select pg_advisory_lock(hashtextextended(current_schema(), 7205759403))`);
    const busy = await home.onefold(["reclaim", "phone", "--apply", ...home.places]);

    assert.deepEqual([unknown.status, /\[NO_SUCH_SOURCE\]/.test(unknown.stderr)], [2, true]);
    assert.deepEqual([busy.status, /\[RUN_ACTIVE\]/.test(busy.stderr)], [7, true]);
  });

  test("if the last scan did not see all of the source", async () => {
    await using home = await household(letter);
    await archiveAll(home);
    await home.database.query(sql`update source set scan_begun_at = now() + interval '1 second' where name = 'phone'`);
    const ended = await home.onefold(["reclaim", "phone", "--apply", ...home.places]);

    assert.deepEqual([ended.status, /\[SOURCE_NOT_SCANNED\]/.test(ended.stderr)], [4, true], ended.stderr);
    assert.ok(existsSync(home.path("phone/letter.txt")));
  });

  test("if another share is mounted than the one that was scanned", async () => {
    await using home = await household(letter);
    await archiveAll(home);
    await home.database.query(sql`update source set mount_source = '//nas/share' where name = 'phone'`);
    const ended = await home.onefold(["reclaim", "phone", "--apply", ...home.places]);

    assert.deepEqual([ended.status, /\[SOURCE_NOT_MOUNTED\]/.test(ended.stderr)], [4, true], ended.stderr);
  });

  test("if the source is an archive", async () => {
    await using home = await household(letter);
    await archiveAll(home);
    await mkdir(home.path("phone/.onefold"));
    await addTo(home.path("phone/.onefold" as PathText), {
      "archive.json": JSON.stringify({ id: "x", createdBy: "onefold 0", format: 1 }),
    });
    const ended = await home.onefold(["reclaim", "phone", "--apply", ...home.places]);

    assert.deepEqual([ended.status, /\[SOURCE_IS_ARCHIVE\]/.test(ended.stderr)], [4, true], ended.stderr);
    assert.ok(existsSync(home.path("phone/letter.txt")));
  });
});

describe("taken back", () => {
  for (const how of [[], ["--delete"], ["--hard-link"]]) {
    test(`${how[0] ?? "quarantine"}: the tree is as it was, and known without being read`, async () => {
      await using home = await household(sources);
      await archiveAll(home);
      const before = filesIn(await snapshot(home.path("phone")));
      const { run, reclaim: done } = await reclaim(home, ["--apply", ...how]);
      const planned = await undo(home, run, ["--dry-run"]);
      const undone = await undo(home, run);
      const after = new Map(filesIn(await snapshot(home.path("phone"))));
      const nothing = await home.onefold(["undo", run, "--dry-run", ...home.places]);
      const again = await undo(home, run);

      assert.deepEqual([undone.undo.restored, undone.undo.kept, undone.problems.length], [done.files, 0, 0]);
      const { restored, restoredBytes } = undone.undo;
      assert.deepEqual([planned.undo.restored, planned.undo.restoredBytes], [restored, restoredBytes]);
      assert.match(
        nothing.stdout,
        new RegExp(`^Nothing to take back: run ${undone.run} has taken back all of it before`),
      );
      assert.deepEqual([undone.undoneBy, again.undoneBy], [undefined, undone.run]);
      assert.deepEqual([...after.keys()].sort(), before.map(([path]) => path).sort());
      for (const [path, { content, modifiedNs, mode }] of before) {
        const now = after.get(path);
        assert.deepEqual([now?.content, now?.modifiedNs, now?.mode], [content, modifiedNs, mode], path);
      }
      assert.ok(!existsSync(home.path("phone/.onefold")));
      assert.deepEqual([again.undo.restored, again.undo.kept], [0, 0]);
      const inodes = [...after].map(([, { inode }]) => inode);
      assert.ok(!inodes.includes((await lstat(home.path(entry), { bigint: true })).ino));
      const { scan } = await home.run();
      assert.equal(scan.missing, 0);
      if (how[0] !== "--hard-link") assert.equal(scan.readBytes, 0);
      assert.match((await home.onefold(["history", undone.run])).stdout, /^ {2}restored phone: letter\.txt$/m);
    });
  }

  test("nothing is overwritten, and what was thrown out of the quarantine comes from the archive", async () => {
    await using home = await household(sources);
    await archiveAll(home);
    const { run } = await reclaim(home, ["--apply"]);
    await writeFile(home.path("phone/letter.txt"), "somebody else's");
    await rm(home.path(`phone/.onefold/quarantine/${run}/DCIM/IMG_20190714_101500.jpg`));
    const { undo: undone, problems } = await undo(home, run);
    const { phone, quarantine } = await phoneAndQuarantine(home, run);

    assert.deepEqual([undone.restored, undone.kept, problems.length], [3, 1, 1]);
    assert.deepEqual(quarantine, { "letter.txt": "dear" });
    assert.equal(phone["letter.txt"], "somebody else's");
    assert.deepEqual(phone["DCIM"], { "IMG_20190714_101500.jpg": beach, "Thumbs.db": "junk" });
  });

  test("what neither the quarantine nor the archive holds any more is listed", async () => {
    await using home = await household({ phone: { "letter.txt": "dear" } });
    await archiveAll(home);
    const { run } = await reclaim(home, ["--apply", "--delete"]);
    await rm(home.path("archive/files"), { recursive: true });
    await rm(home.path("archive/by-source"), { recursive: true });
    const { undo: undone } = await undo(home, run);

    assert.deepEqual([undone.restored, undone.kept], [0, 1]);
    assert.deepEqual(await readdir(home.path("phone")), []);
  });
});
