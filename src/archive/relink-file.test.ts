import assert from "node:assert/strict";
import { appendFileSync, linkSync, renameSync, symlinkSync, unlinkSync, utimesSync, writeFileSync } from "node:fs";
import { chmod, lstat, readdir } from "node:fs/promises";
import { describe, test } from "node:test";
import { joinPath, type PathText } from "../model/path.ts";
import { anArchive, archived, inodeOf, relinkWhile, second, standingAt } from "../testing/relinking.ts";
import { fileFrom, hardLinkTo } from "../testing/tree.ts";
import { relinkBatch } from "./relink-batch.ts";
import { KeptFiles } from "./relink-kept.ts";
import { newStopFlag } from "./stop-flag.ts";

/** Two pieces and a bit: what happens between them happens in the middle of the comparison. */
const long = "x".repeat((1 << 21) + 7);

describe("a file that is made a link of its twin", () => {
  test("has the twin's inode, and both have the older of their times", async () => {
    const times = [
      [3n * second, 2n * second + 123_456_000n],
      [1n * second, 2n * second],
      [-1n * second, -2n * second - 5_000n],
    ] as const;
    for (const [keptTime, copyTime] of times) {
      await using disk = await anArchive({ kept: fileFrom(keptTime, long), mine: { copy: fileFrom(copyTime, long) } });
      const before = await standingAt(disk, "kept");
      const { modified: other } = await standingAt(disk, "mine/copy");
      const expected = other < before.modified ? other : before.modified;
      const result = await relinkWhile(disk, () => {});
      const now = await standingAt(disk, "mine/copy");

      assert.equal(result.kind, "relinked");
      assert.equal(now.inode, before.inode);
      assert.equal(now.modified, expected);
      assert.ok(result.kind === "relinked" && result.namesLeft === 0 && result.archived.modified === expected);
      assert.deepEqual(await archived(disk), { kept: long, mine: { copy: long } });
    }
  });

  test("that is older by nanoseconds gives those, too", async () => {
    // What is written now has a time of nanoseconds; the twin gets a later one.
    await using disk = await anArchive({ mine: { copy: "x" }, kept: fileFrom(4_000_000_000n * second, "x") });
    const { modified } = await standingAt(disk, "mine/copy");
    await relinkWhile(disk, () => {});

    assert.equal((await standingAt(disk, "kept")).modified, modified);
  });

  test("has the twin's mode: a hard link has no other", async () => {
    await using disk = await anArchive({ kept: "x", mine: { copy: "x" } });
    await chmod(disk.path("archive/mine/copy"), 0o600);
    await chmod(disk.path("archive/kept"), 0o640);
    await relinkWhile(disk, () => {});

    assert.equal((await standingAt(disk, "mine/copy")).mode, 0o640);
  });

  test("that is a name of the twin already stays what it is", async () => {
    await using disk = await anArchive({ kept: "x", mine: { copy: hardLinkTo("archive/kept") } });

    assert.deepEqual(await relinkWhile(disk, () => {}), { kind: "alreadyLinked" });
    assert.deepEqual(await archived(disk), { kept: "x", mine: { copy: "x" } });
  });
});

describe("a file is left alone, with its bytes, its inode and its twin's time,", () => {
  const older = () => anArchive({ kept: fileFrom(9n * second, long), mine: { copy: fileFrom(5n * second, long) } });
  const mischief: Record<string, { code: string; piece?: number; do: (path: (name: string) => string) => void }> = {
    "if it was written to while it was compared": {
      code: "CHANGED_WHILE_READ",
      piece: 2,
      do: (path) => appendFileSync(path("mine/copy"), "!"),
    },
    "if it was written to in the part that was compared already": {
      code: "CHANGED_WHILE_READ",
      piece: 3,
      do: (path) => writeFileSync(path("mine/copy"), "!", { flag: "r+" }),
    },
    "if it was written to and its time set back": {
      code: "CHANGED_WHILE_READ",
      piece: 3,
      do: (path) => {
        writeFileSync(path("mine/copy"), "!", { flag: "r+" });
        utimesSync(path("mine/copy"), 5, 5);
      },
    },
    "if it was exchanged for another file": {
      code: "CHANGED_WHILE_READ",
      do: (path) => {
        writeFileSync(path("mine/other"), "new");
        renameSync(path("mine/other"), path("mine/copy"));
      },
    },
    "if a symbolic link took its place": {
      code: "CHANGED_WHILE_READ",
      do: (path) => {
        unlinkSync(path("mine/copy"));
        symlinkSync("../../outside/file", path("mine/copy"));
      },
    },
    "if it got one more name while it was compared": {
      code: "CHANGED_WHILE_READ",
      do: (path) => linkSync(path("mine/copy"), path("mine/third")),
    },
    "if it vanished": { code: "CHANGED_WHILE_READ", do: (path) => unlinkSync(path("mine/copy")) },
  };
  for (const [what, { code, piece = 1, do: meddle }] of Object.entries(mischief)) {
    test(what, async () => {
      await using disk = await older();
      const kept = await standingAt(disk, "kept");
      const path = (name: string) => disk.path(`archive/${name}`);
      let after: unknown;
      const relinking = relinkWhile(
        disk,
        () => {
          meddle(path);
          after = lookAll(path("mine"));
        },
        { piece },
      );

      await assert.rejects(relinking, { code });
      assert.deepEqual(await lookAll(path("mine")), await after);
      assert.deepEqual(await standingAt(disk, "kept"), kept);
      assert.deepEqual(await readdir(path(".onefold/tmp")), []);
      assert.deepEqual(await readdir(disk.path("outside")), []);
    });
  }

  test("if it differs in its last byte", async () => {
    await using disk = await anArchive({ kept: fileFrom(9n * second, long), mine: { copy: `${long.slice(1)}y` } });
    const before = await standingAt(disk, "mine/copy");

    await assert.rejects(
      relinkWhile(disk, () => {}),
      { code: "CONTENT_DIFFERS" },
    );
    assert.deepEqual(await standingAt(disk, "mine/copy"), before);
  });

  test("if its twin was written to", async () => {
    for (const piece of [1, 2, 3]) {
      await using disk = await older();
      const before = await inodeOf(disk, "mine/copy");
      const write = () => writeFileSync(disk.path("archive/kept"), "!", { flag: "r+" });

      await assert.rejects(relinkWhile(disk, write, { piece }), (error: Error) => {
        return /CONTENT_DIFFERS|CHANGED_WHILE_READ/.test(JSON.stringify([error, error.cause]));
      });
      assert.equal(await inodeOf(disk, "mine/copy"), before);
      assert.equal(Object(await archived(disk)).mine.copy, long);
    }
  });

  test("if its twin was written to in the moment its time was set: the next scan sees that it changed", async () => {
    await using disk = await older();
    // The second comparison begins with the fourth piece, after the time was set.
    const write = () => {
      writeFileSync(disk.path("archive/kept"), "!", { flag: "r+" });
      utimesSync(disk.path("archive/kept"), 5, 5);
    };
    const keptFiles = new KeptFiles();
    await assert.rejects(relinkWhile(disk, write, { piece: 4, keptFiles }));

    assert.notEqual((await standingAt(disk, "kept")).modified, 9n * second);
    assert.deepEqual(keptFiles.retimed(), []);
    assert.equal(Object(await archived(disk)).mine.copy, long);
  });
});

test("a folder that is exchanged for a symbolic link is not followed", async () => {
  await using disk = await anArchive({ kept: "x", mine: { copy: "x" } });
  writeFileSync(disk.path("outside/copy"), "x");
  const outside = await lstat(disk.path("outside/copy"), { bigint: true });
  const result = await relinkWhile(disk, () => {
    renameSync(disk.path("archive/mine"), disk.path("archive/moved"));
    symlinkSync("../outside", disk.path("archive/mine"));
  });

  assert.equal(result.kind, "relinked");
  assert.equal((await lstat(disk.path("outside/copy"), { bigint: true })).ino, outside.ino);
  assert.equal(await inodeOf(disk, "moved/copy"), await inodeOf(disk, "kept"));
  const { found } = relinkBatch({
    root: disk.path("archive"),
    looks: ["mine/copy" as PathText, "moved/copy" as PathText],
    steps: [],
    stop: newStopFlag(),
  });
  assert.deepEqual(
    found.map((look) => (look.kind === "found" ? look.kind : look.code)),
    ["PATH_BLOCKED", "found"],
  );
});

/** Names, inodes, sizes and times in a folder. */
async function lookAll(folder: PathText | string): Promise<unknown> {
  const names = (await readdir(folder)).sort();
  return Promise.all(
    names.map(async (name) => {
      const { ino, size, mtimeNs } = await lstat(joinPath(folder, name), { bigint: true });
      return [name, ino, size, mtimeNs];
    }),
  );
}
