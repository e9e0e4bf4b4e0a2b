import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { household } from "../src/testing/household.ts";
import { smallDisk } from "../src/testing/small-disk.ts";

const execute = promisify(execFile);

test("an archive whose disk is no longer mounted is refused, and nothing is written below the mount point", async (t) => {
  await using disk = await smallDisk(16);
  if (disk === null) return t.skip("takes root and loop devices");
  await using home = await household({ phone: { "a.txt": "a" } });
  const run = () => home.onefold(["run", "--source", home.path("phone"), "--archive", disk.root]);
  assert.equal((await run()).status, 0);
  assert.equal((await run()).status, 0);
  await execute("umount", [disk.root]);
  try {
    const { status, stderr } = await run();

    assert.equal(status, 4);
    assert.match(stderr, /\[ARCHIVE_NOT_MOUNTED\]/);
    assert.deepEqual(await readdir(disk.root), []);
  } finally {
    await execute("mount", ["-o", "loop", join(dirname(disk.root), "image"), disk.root]);
  }
  assert.equal((await run()).status, 0);
});

test("consolidate does not speak for files that no scan has seen", async () => {
  await using home = await household({ phone: { "a.txt": "a" } });
  const { status, stdout } = await home.onefold(["consolidate", ...home.places]);

  assert.equal(status, 0);
  assert.match(stdout, /^Done: what the inventory knows is in the archive; what no scan has seen is not/m);
});
