import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { test } from "node:test";
import fc from "fast-check";
import { sql } from "../src/inventory/database.ts";
import { aStory } from "../src/testing/crash-draws.ts";
import { recordedButLost } from "../src/testing/crash-promises.ts";
import { type CrashHome, crashHome, goThrough, settle, takeStep } from "../src/testing/crash-story.ts";
import { noMounts } from "../src/testing/fuse/mount.ts";

/** More of them in crash.slow.test.ts. */
test("the power goes, here and there: nothing that was recorded is lost, and the next run makes all good", async (t) => {
  await fc.assert(
    fc.asyncProperty(aStory, (steps) => goThrough(t, steps)),
    { numRuns: 2, endOnFailure: true },
  );
});

test("the power goes right after a run: its lock may be back, but keeps nobody out", async (t) => {
  await using at = await crashHome({ phone: { "a.txt": "a" } });
  if (at === null) return t.skip(noMounts);
  await at.home.run();
  await at.mount.crash("everything");
  const { plan } = await at.home.run();

  assert.deepEqual([plan.copyFiles, plan.linkFiles], [0, 0]);
});

test("a run is killed before it has flushed its folders, and the power goes later: no scan has believed in them", async (t) => {
  await using at = await crashHome({ phone: {} });
  if (at === null) return t.skip(noMounts);
  await takeStep(at, { do: "write", path: "phone/a.txt", content: "blocks" });
  // Until it was killed in that moment: the file has its name, and the run has not said so.
  for (let beforeChange = 22; !(await isPublished(at)); beforeChange++) {
    assert.ok(beforeChange < 60, "the moment was missed");
    await takeStep(at, { do: "run", cut: { beforeChange, lingersMs: 0, seed: null } });
    if (!(await isPublished(at))) await at.mount.crash("everything");
  }
  await takeStep(at, { do: "scan", cut: null });
  await at.mount.crash("everything");

  assert.deepEqual(await recordedButLost(at.home), []);
  await settle(at);
});

test("a run is killed before its journal is flushed, and the power goes later: no scan has believed in it", async (t) => {
  // Until it was killed in that moment: the journal tells of the file, and is not on the disk for good.
  for (let beforeChange = 34; beforeChange < 60; beforeChange++) {
    await using at = await crashHome({ phone: {} });
    if (at === null) return t.skip(noMounts);
    await takeStep(at, { do: "write", path: "phone/a.txt", content: "blocks" });
    await takeStep(at, { do: "run", cut: { beforeChange, lingersMs: 0, seed: null } });
    assert.deepEqual(await entriesOf(at), [], "the moment is earlier");
    if (!(await isTold(at))) continue;
    await takeStep(at, { do: "scan", cut: null });
    await at.mount.crash("everything");

    assert.deepEqual(await recordedButLost(at.home), []);
    return await settle(at);
  }
  assert.fail("the moment was missed");
});

test("a run is killed before it has flushed its links, and the power goes after the next run: they are still there", async (t) => {
  // Until it was killed in that moment: the first link has its name below by-source/.
  for (let beforeChange = 36; beforeChange < 70; beforeChange++) {
    await using at = await crashHome({ phone: {} });
    if (at === null) return t.skip(noMounts);
    await takeStep(at, { do: "write", path: "phone/a.txt", content: "blocks" });
    await takeStep(at, { do: "run", cut: { beforeChange, lingersMs: 0, seed: null } });
    if (isMirrored(at)) return await settle(at);
  }
  assert.fail("the moment was missed");
});

test("a relinking is killed before it has flushed its names, and the power goes after the next one: they are still one file", async (t) => {
  // Until it was killed in that moment: both names have one inode.
  for (let beforeChange = 18; beforeChange < 40; beforeChange++) {
    await using at = await crashHome({});
    if (at === null) return t.skip(noMounts);
    for (const name of ["a", "b"]) await takeStep(at, { do: "put", name, content: "blocks" });
    await takeStep(at, { do: "scan", cut: null });
    await takeStep(at, { do: "relink", cut: { beforeChange, lingersMs: 0, seed: null } });
    if ((await inodesOf(at)) !== 1) continue;
    await takeStep(at, { do: "relink", cut: null });
    await at.mount.crash("everything");

    return assert.equal(await inodesOf(at), 1);
  }
  assert.fail("the moment was missed");
});

test("a file that somebody copied into the archive counts as archived when it is on the disk for good, not before", async (t) => {
  await using at = await crashHome({ phone: { "a.txt": "mine" } });
  if (at === null) return t.skip(noMounts);
  const mine = at.home.path("archive/mine.txt");
  await at.home.run();
  await writeFile(at.home.path("phone/b.txt"), "another");
  await writeFile(mine, "another");
  await takeStep(at, { do: "scan", cut: null });
  const adopted = await entriesOf(at);
  await at.mount.crash("everything");

  assert.equal(adopted.length, 2);
  assert.deepEqual(await recordedButLost(at.home), []);
});

async function isPublished(at: CrashHome): Promise<boolean> {
  const published = Object.keys(Object(await at.home.archived()).files ?? {}).includes("a.txt");
  return published && (await entriesOf(at)).length === 0;
}

/** The journal of the only run says that a batch is done. */
async function isTold({ home }: CrashHome): Promise<boolean> {
  const folder = home.path("archive/.onefold/journal");
  const [journal] = await readdir(folder).catch(() => []);
  return journal !== undefined && (await readFile(`${folder}/${journal}`, "utf8")).includes('"do":"done"');
}

function isMirrored({ home }: CrashHome): boolean {
  return existsSync(home.path("archive/by-source/phone/a.txt"));
}

/** Number of files that the two names of the user are. */
async function inodesOf({ home }: CrashHome): Promise<number> {
  const found = await Promise.all(["a", "b"].map((name) => stat(home.path(`archive/mine/${name}`))));
  return new Set(found.map(({ ino }) => ino)).size;
}

async function entriesOf({ home }: CrashHome): Promise<object[]> {
  return home.database.query(sql`select from entry`);
}
