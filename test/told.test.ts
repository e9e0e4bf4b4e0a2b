import assert from "node:assert/strict";
import { mkdir, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { household } from "../src/testing/household.ts";
import { documentsOf } from "../src/testing/onefold.ts";

test("history of a run names every file that it placed, and where", async () => {
  await using home = await household({ phone: { "a.txt": "a", "b.txt": "b" }, disk: { "copy of a.txt": "a" } });
  const { run } = await home.run();

  const { stdout, status } = await home.onefold(["history", run]);

  assert.equal(status, 0);
  assert.deepEqual(stdout.trimEnd().split("\n").slice(1).sort(), [
    "  copied phone: a.txt -> files/a.txt",
    "  copied phone: b.txt -> files/b.txt",
    "  linked disk: copy of a.txt -> by-source/disk/copy of a.txt",
    "  linked phone: a.txt -> by-source/phone/a.txt",
    "  linked phone: b.txt -> by-source/phone/b.txt",
  ]);
  const records = documentsOf<{ do?: string }>(await home.onefold(["history", "--json", run]));
  assert.deepEqual(new Set(records.flatMap((record) => record.do ?? [])), new Set(["begin", "intend", "done", "end"]));
});

test("bytes that changed although size and time did not raise the alarm, and are not archived", async () => {
  await using home = await household({ phone: { "a.jpg": "good bytes" }, disk: { "a.jpg": "good bytes" } });
  const past = new Date("2019-07-04T12:00:00Z");
  for (const source of home.sources) await utimes(home.path(`${source}/a.jpg`), past, past);
  await home.onefold(["scan", ...home.places]);
  for (const source of home.sources) {
    await writeFile(home.path(`${source}/a.jpg`), "evil bytes");
    await utimes(home.path(`${source}/a.jpg`), past, past);
  }

  const { status, stdout } = await home.onefold(["consolidate", ...home.places]);

  assert.equal(status, 6);
  assert.match(stdout, /phone: a\.jpg: .*\[CONTENT_CHANGED\]/);
  assert.match(stdout, /^ALARM: 2 files read differently/m);
  assert.deepEqual(await home.archived(), {});
});

test("a summary says which photos are dated without their metadata where perl is missing", async () => {
  await using home = await household({ camera: { "CRW_1.CRW": Buffer.from("II\x1a\0\0\0HEAPCCDR...", "latin1") } });
  const tools = home.path("tools");
  await mkdir(tools);
  await symlink(process.execPath, join(tools, "node"));

  const { stdout, status } = await home.onefold(["run", ...home.places], { env: { PATH: tools } });

  assert.equal(status, 0);
  assert.match(stdout, /^Dates {6}1 photo or video dated without their metadata: .*perl is not installed$/m);
});
