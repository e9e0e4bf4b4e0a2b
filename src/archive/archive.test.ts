import assert from "node:assert/strict";
import { lstat, readFile, symlink } from "node:fs/promises";
import { describe, test } from "node:test";
import type { PathText } from "../model/path.ts";
import { hasStrace, runWithFaults, startProgram } from "../testing/programs.ts";
import { smallDisk } from "../testing/small-disk.ts";
import { addTo, layOut, readTree } from "../testing/tree.ts";
import { openArchive } from "./archive.ts";
import { readMarker } from "./marker.ts";
import { checkSpace } from "./space.ts";

const us = { purpose: "onefold test", program: "onefold 0" };

/** Opens the archive in another process, and says so. */
function openingProgram(root: PathText): string {
  return `
    import { openArchive } from ${JSON.stringify(new URL("./archive.js", import.meta.url).href)};
    try {
      const archive = await openArchive(${JSON.stringify(root)}, ${JSON.stringify(us)});
      console.log("opened");
      setInterval(() => archive, 1000);
    } catch (error) {
      console.log(error.code);
    }`;
}

async function openAndClose(root: PathText) {
  await using archive = await openArchive(root, us);
  return { marker: archive.marker, fileMode: archive.fileMode };
}

describe("opening an archive", () => {
  test("refuses a folder that is not there, and does not make it", async () => {
    await using disk = await layOut({});

    await assert.rejects(openArchive(disk.path("archive"), us), { code: "ARCHIVE_NOT_FOUND", exitCode: 4 });
    assert.deepEqual(await readTree(disk.root), {});
  });

  test("refuses what is not a folder, and a private folder that leads elsewhere", async () => {
    await using disk = await layOut({ file: "text", archive: {}, elsewhere: {} });
    await symlink(disk.path("elsewhere"), disk.path("archive/.onefold"));

    await assert.rejects(openArchive(disk.path("file"), us), { code: "ARCHIVE_NOT_A_FOLDER" });
    await assert.rejects(openArchive(disk.path("archive"), us), { code: "ARCHIVE_NOT_A_FOLDER" });
    assert.deepEqual(await readTree(disk.path("elsewhere")), {});
  });

  test("refuses a disk that is mounted read-only", async (context) => {
    await using small = await smallDisk(8);
    if (small === null) return context.skip("no ext4 image can be mounted here");
    await small.remount("ro");

    await assert.rejects(openArchive(small.root, us), { code: "ARCHIVE_NOT_WRITABLE", exitCode: 4 });
  });

  test("refuses a file system without hard links", async (context) => {
    if (!hasStrace()) return context.skip("strace is not here, or may not trace");
    await using disk = await layOut({ archive: {} });
    const noLinks = ["-e", "trace=link,linkat", "-e", "inject=link,linkat:error=EPERM"];

    assert.equal(runWithFaults(noLinks, openingProgram(disk.path("archive"))), "ARCHIVE_NO_HARD_LINKS\n");
    assert.deepEqual((await readTree(disk.path("archive/.onefold")))["tmp"], {});
  });

  test("marks it once, and knows it again wherever it is mounted", async () => {
    await using disk = await layOut({ archive: {} });
    assert.equal(await readMarker(disk.path("archive")), null);

    const first = await openAndClose(disk.path("archive"));
    const bytes = await readFile(disk.path("archive/.onefold/archive.json"), "utf8");
    const second = await openAndClose(disk.path("archive"));

    assert.deepEqual(second.marker, first.marker);
    assert.deepEqual(await readMarker(disk.path("archive")), first.marker);
    assert.equal(await readFile(disk.path("archive/.onefold/archive.json"), "utf8"), bytes);
  });

  test("refuses the archive of a newer program, and a damaged marker, and leaves both as they are", async () => {
    for (const [content, code] of [
      [`{"id":"x","createdBy":"onefold 9","format":2}`, "ARCHIVE_TOO_NEW"],
      [`{"id":"x"`, "ARCHIVE_MARKER_DAMAGED"],
      [`{"id":"x"}`, "ARCHIVE_MARKER_DAMAGED"],
    ] as const) {
      await using disk = await layOut({ archive: { ".onefold": { "archive.json": content } } });
      await assert.rejects(openArchive(disk.path("archive"), us), { code, exitCode: 4 });
      await assert.rejects(readMarker(disk.path("archive")), { code });
      assert.equal(await readFile(disk.path("archive/.onefold/archive.json"), "utf8"), content);
      await assert.rejects(lstat(disk.path("archive/.onefold/lock")), { code: "ENOENT" });
    }
  });

  test("removes what killed runs left, and nothing else", async () => {
    const [ours, foreign] = ["1b4e28ba-2fa1-41d2-883f-0016d3cca427", "1b4e28ba-my-notes.txt"];
    await using disk = await layOut({
      archive: { ".onefold": { tmp: { [ours]: "half a file", [foreign]: "notes" } } },
    });

    await openAndClose(disk.path("archive"));

    assert.deepEqual((await readTree(disk.path("archive/.onefold")))["tmp"], { [foreign]: "notes" });
  });

  test("gives published files the mode that the umask allows", async () => {
    await using disk = await layOut({ archive: {} });
    const before = process.umask(0o027);
    try {
      assert.equal((await openAndClose(disk.path("archive"))).fileMode, 0o640);
    } finally {
      process.umask(before);
    }
  });
});

describe("the lock of an archive", () => {
  test("keeps a second run out, with status 7, and says who holds it", async () => {
    await using disk = await layOut({ archive: {} });
    await using other = startProgram(openingProgram(disk.path("archive")));
    await other.says("opened");

    await assert.rejects(openArchive(disk.path("archive"), us), {
      code: "RUN_ACTIVE",
      exitCode: 7,
      message: /being changed by "onefold test" \(process \d+ on /,
    });
  });

  test("of a killed run is taken over", async () => {
    await using disk = await layOut({ archive: {} });
    await using other = startProgram(openingProgram(disk.path("archive")));
    await other.says("opened");
    await other.kill();

    await openAndClose(disk.path("archive"));
  });

  test("does not disturb the temporary files of the run that holds it", async () => {
    await using disk = await layOut({ archive: {} });
    await using _archive = await openArchive(disk.path("archive"), us);
    const inHand = { "1b4e28ba-2fa1-41d2-883f-0016d3cca427": "half a file" };
    await addTo(disk.path("archive/.onefold/tmp"), inHand);

    await assert.rejects(openArchive(disk.path("archive"), us), { code: "RUN_ACTIVE" });
    assert.deepEqual(await readTree(disk.path("archive/.onefold/tmp")), inHand);
  });
});

test("a plan that does not fit is refused before its first copy, with numbers", async () => {
  await using disk = await layOut({});

  await checkSpace(disk.root, 1);
  await assert.rejects(checkSpace(disk.root, 1e15), {
    code: "ARCHIVE_FULL",
    exitCode: 4,
    message: /has .+B free, .+B too little: 1\.0 PB are to be copied, and .+B must stay free/,
  });
});
