import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { appendFile, rm, symlink, writeFile } from "node:fs/promises";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { blake3 } from "@napi-rs/blake-hash";
import { toHash } from "../model/file.ts";
import { joinPath, type PathText } from "../model/path.ts";
import { copyOf, makeSparse, outcomes, scanned, startRun } from "../testing/consolidation.ts";
import { smallDisk } from "../testing/small-disk.ts";
import { layOut, readTree, type Tree } from "../testing/tree.ts";
import { journalPath } from "./journal.ts";
import { readJournal } from "./read-journal.ts";

/** What the user sees of the archive, and what lies in its folder for temporary files. */
async function archiveAfter(root: PathText): Promise<{ files: Tree; temporary: Tree[string] }> {
  const { ".onefold": ours = {}, ...files } = await readTree(root);
  return { files, temporary: (ours as Tree)["tmp"] ?? {} };
}

const untouched = { files: {}, temporary: {} };

/** Waits until a copy has begun. */
async function copying(root: PathText): Promise<void> {
  while (Object.keys(await readTree(joinPath(root, ".onefold/tmp"))).length === 0) await sleep(1);
}

/** What becomes of usb/a.jpg and usb/b.jpg if `spoil` happens to a.jpg between scan and copy. */
async function afterSpoiling(spoil: (path: PathText, other: PathText) => unknown) {
  await using disk = await layOut({ usb: { "a.jpg": "sunset", "b.jpg": "dawn" }, archive: {} });
  await using run = await startRun(disk.path("archive"));
  const files = [await scanned(disk.path("usb"), "a.jpg"), await scanned(disk.path("usb"), "b.jpg")];
  await spoil(disk.path("usb/a.jpg"), disk.path("usb/b.jpg"));
  const executed = await run.execute(files.map((file) => copyOf(file, file.path)));
  return { outcomes: outcomes(executed), archive: await archiveAfter(disk.path("archive")) };
}

const onlyTheOther = { files: { "b.jpg": "dawn" }, temporary: {} };

describe("a source file that is not what was scanned", () => {
  const spoils: Record<string, [code: string, spoil: (path: PathText, other: PathText) => unknown]> = {
    "was edited": ["CHANGED_SINCE_SCAN", (path) => writeFile(path, "sunrise")],
    "was edited and kept its length": ["CHANGED_SINCE_SCAN", (path) => writeFile(path, "SUNSET")],
    vanished: ["ENOENT", (path) => rm(path)],
    "became a symbolic link to another": ["ELOOP", (path, other) => rm(path).then(() => symlink(other, path))],
    "became a pipe that nobody writes to": [
      "NOT_A_FILE",
      async (path) => {
        await rm(path);
        execFileSync("mkfifo", [path]);
      },
    ],
    "became a folder": ["NOT_A_FILE", (path) => rm(path).then(() => execFileSync("mkdir", [path]))],
  };
  for (const [what, [code, spoil]] of Object.entries(spoils)) {
    test(`is listed when it ${what}, and the others are copied`, async () => {
      assert.deepEqual(await afterSpoiling(spoil), { outcomes: [code, "copied"], archive: onlyTheOther });
    });
  }

  test("is an alarm when its content is another though nobody wrote to it", async () => {
    await using disk = await layOut({ usb: { "a.jpg": "sunset" }, archive: {} });
    await using run = await startRun(disk.path("archive"));
    const recorded = toHash(blake3("SUNSET").toString("hex"));

    const executed = await run.execute([copyOf(await scanned(disk.path("usb"), "a.jpg"), "a.jpg", recorded)]);

    assert.deepEqual(outcomes(executed), ["CONTENT_CHANGED"]);
    assert.deepEqual(await archiveAfter(disk.path("archive")), untouched);
  });

  test("is not copied while somebody writes to it", async () => {
    await using disk = await layOut({ usb: {}, archive: {} });
    await makeSparse(disk.path("usb/film.mov"), 300_000_000);
    await using run = await startRun(disk.path("archive"));
    const executing = run.execute([copyOf(await scanned(disk.path("usb"), "film.mov"), "film.mov")]);
    await copying(disk.path("archive"));
    await appendFile(disk.path("usb/film.mov"), "one more scene");

    const [executed] = await executing;

    assert.ok(executed?.outcome.kind === "failed" && executed.outcome.problem.code === "CHANGED_WHILE_READ");
    assert.ok(executed.outcome.bytesRead > 0);
    assert.deepEqual(await archiveAfter(disk.path("archive")), untouched);
  });
});

test("a name too long for the archive is listed, and the others are copied", async () => {
  await using disk = await layOut({ usb: { "a.jpg": "sunset", "b.jpg": "dawn" }, archive: {} });
  await using run = await startRun(disk.path("archive"));
  const [a, b] = [await scanned(disk.path("usb"), "a.jpg"), await scanned(disk.path("usb"), "b.jpg")];

  const executed = await run.execute([copyOf(a, "é".repeat(128)), copyOf(b, "b.jpg")]);

  assert.deepEqual(outcomes(executed), ["ENAMETOOLONG", "copied"]);
  assert.deepEqual(await archiveAfter(disk.path("archive")), onlyTheOther);
});

test("a folder of the archive that is a symbolic link is not written through", async () => {
  await using disk = await layOut({ usb: { "a.jpg": "sunset" }, archive: {}, private: {} });
  await symlink(disk.path("private"), disk.path("archive/photos"));
  await using run = await startRun(disk.path("archive"));

  const executed = await run.execute([copyOf(await scanned(disk.path("usb"), "a.jpg"), "photos/a.jpg")]);

  assert.deepEqual(outcomes(executed), ["PATH_BLOCKED"]);
  assert.deepEqual(await readTree(disk.path("private")), {});
});

describe("stopping a run", () => {
  test("in the middle of a long copy leaves nothing of it, soon", async () => {
    await using disk = await layOut({ usb: {}, archive: {} });
    await makeSparse(disk.path("usb/film.mov"), 1_500_000_000);
    const stopping = new AbortController();
    await using run = await startRun(disk.path("archive"), { signal: stopping.signal });
    const executing = run.execute([copyOf(await scanned(disk.path("usb"), "film.mov"), "film.mov")]);
    await copying(disk.path("archive"));
    stopping.abort();

    assert.deepEqual(outcomes(await executing), ["aborted"]);
    assert.deepEqual(await archiveAfter(disk.path("archive")), untouched);
  });

  test("takes no further operations, and tells of every file that is in the archive", async () => {
    const names = Array.from({ length: 1200 }, (_, n) => `${n}.jpg`);
    await using disk = await layOut({ usb: Object.fromEntries(names.map((name) => [name, name])), archive: {} });
    const stopping = new AbortController();
    await using run = await startRun(disk.path("archive"), { signal: stopping.signal });
    const files = await Promise.all(names.map((name) => scanned(disk.path("usb"), name)));
    let taken = 0;
    function* operations() {
      for (const file of files) {
        if (taken++ === 600) stopping.abort();
        yield copyOf(file, file.path);
      }
    }

    const executed = await run.execute(operations());

    const archive = await archiveAfter(disk.path("archive"));
    const copied = executed.filter(({ outcome }) => outcome.kind === "copied").map(({ operation }) => operation.to);
    assert.deepEqual(new Set(Object.keys(archive.files)), new Set(copied));
    assert.deepEqual(archive.temporary, {});
    assert.ok(taken < 1200);
  });

  test("because its caller failed leaves no temporary file", async () => {
    const names = Array.from({ length: 600 }, (_, n) => `${n}.jpg`);
    await using disk = await layOut({ usb: Object.fromEntries(names.map((name) => [name, name])), archive: {} });
    await using run = await startRun(disk.path("archive"));
    const files = await Promise.all(names.map((name) => scanned(disk.path("usb"), name)));
    const executing = run.executor.execute(
      files.map((file) => copyOf(file, file.path)),
      { readers: 2 },
    );

    await assert.rejects(async () => {
      for await (const _batch of executing) throw new Error("the database is gone");
    }, /the database is gone/);

    assert.deepEqual((await archiveAfter(disk.path("archive"))).temporary, {});
  });

  test("because the inventory cannot be asked leaves no temporary file and no entry", async () => {
    await using disk = await layOut({ usb: { "a.jpg": "sunset" }, archive: {} });
    await using run = await startRun(disk.path("archive"));
    run.recorded.get = () => {
      throw new Error("the database is gone");
    };

    const executing = run.execute([copyOf(await scanned(disk.path("usb"), "a.jpg"), "a.jpg")]);

    await assert.rejects(executing, /the database is gone/);
    assert.deepEqual(await archiveAfter(disk.path("archive")), untouched);
  });
});

describe("a disk that fills up", () => {
  test("ends the run; what was reported is there, nothing half-written is", async (context) => {
    await using small = await smallDisk(24);
    if (small === null) return context.skip("no ext4 image can be mounted here");
    const names = Array.from({ length: 40 }, (_, n) => `${n}.jpg`);
    const usb = Object.fromEntries(names.map((name) => [name, Buffer.alloc(1_000_000, name)]));
    await using disk = await layOut({ usb });
    await using run = await startRun(small.root);
    const files = await Promise.all(names.map((name) => scanned(disk.path("usb"), name)));
    for (const file of files.slice(0, 5)) await run.execute([copyOf(file, file.path)]);

    await assert.rejects(run.execute(files.map((file) => copyOf(file, file.path))), {
      code: "ARCHIVE_FULL",
      exitCode: 4,
    });

    const archive = await archiveAfter(small.root);
    assert.deepEqual(archive.temporary, {});
    assert.deepEqual(
      Object.keys(archive.files)
        .filter((name) => name !== "lost+found")
        .sort(),
      names.slice(0, 5),
    );
    await assert.rejects(run.execute([]), { code: "ARCHIVE_FULL" });
    for await (const record of readJournal(journalPath(small.root, "test-run"))) assert.notEqual(record.do, "torn");
  });

  test("and takes no more files ends the run as well", async (context) => {
    await using small = await smallDisk(24);
    if (small === null) return context.skip("no ext4 image can be mounted here");
    await using disk = await layOut({ usb: { "a.jpg": "sunset" } });
    await using run = await startRun(small.root);
    const file = await scanned(disk.path("usb"), "a.jpg");
    execFileSync("chattr", ["+i", joinPath(small.root, ".onefold/tmp")]);

    await assert.rejects(run.execute([copyOf(file, "a.jpg")]), { code: "ARCHIVE_LOST", exitCode: 5 });

    execFileSync("chattr", ["-i", joinPath(small.root, ".onefold/tmp")]);
  });
});
