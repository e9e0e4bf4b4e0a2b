import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { lstat, open, statfs } from "node:fs/promises";
import { test } from "node:test";
import { makeSparse } from "../src/testing/consolidation.ts";
import { household } from "../src/testing/household.ts";
import { brokenPromises } from "../src/testing/promises.ts";

test("100,000 files in one folder are archived, and seen again in seconds", async () => {
  await using home = await household({ phone: {} });
  const folder = home.path("phone/many");
  mkdirSync(folder);
  // Each content ten times, so that most files become links.
  for (let n = 0; n < 100_000; n++) writeFileSync(`${folder}/${n}.txt`, `content ${n % 10_000}`);
  const first = await home.run();

  assert.deepEqual([first.scan.files, first.duplicates.groups, first.duplicates.files], [100_000, 10_000, 90_000]);
  assert.deepEqual([first.consolidate.copiedFiles, first.consolidate.linkedFiles], [10_000, 100_000]);
  assert.deepEqual(first.problems, []);
  const again = await home.run();
  assert.deepEqual([again.plan.copyFiles, again.plan.linkFiles, again.plan.alreadyArchived], [0, 0, 100_000]);
  const third = await home.run();
  assert.equal(third.scan.readBytes, 0);
  assert.ok(third.scan.seconds < 30, `${third.scan.seconds} s`);
});

test("20,000 files that share twenty names all find a place in one folder", async () => {
  await using home = await household({ phone: {} });
  for (let folder = 0; folder < 1_000; folder++) {
    mkdirSync(home.path(`phone/${folder}`));
    for (let n = 0; n < 20; n++) writeFileSync(home.path(`phone/${folder}/same ${n}.txt`), `${folder} ${n}`);
  }
  await home.write("onefold.toml", `[archive.layout]\nother = "all/{name}"\n`);
  const { consolidate, problems } = await home.run();

  assert.deepEqual(problems, []);
  assert.deepEqual([consolidate.copiedFiles, consolidate.linkedFiles], [20_000, 20_000]);
  assert.deepEqual(await brokenPromises(home), []);
});

test("a file over 4 GiB arrives whole, and its duplicate is recognised", async (t) => {
  const size = 2 ** 32 + 12_345;
  await using home = await household({ phone: {}, laptop: {} });
  const { bavail, bsize } = await statfs(home.disk.root);
  if (bavail * bsize < 3 * size) return t.skip("less than 13 GB free in the temporary folder");
  for (const name of ["phone/film.mkv", "laptop/film.mkv"]) {
    await makeSparse(home.path(name), size);
    await using file = await open(home.path(name), "r+");
    await file.write("beyond four gigabytes", 2 ** 32 + 100);
  }
  const { consolidate, duplicates, scan } = await home.run();

  assert.deepEqual([consolidate.copiedFiles, consolidate.copiedBytes], [1, size]);
  assert.deepEqual(duplicates, { groups: 1, files: 1, bytes: size });
  assert.ok(scan.readBytes <= 1.05 * 3 * size);
  assert.equal((await lstat(home.path("archive/by-source/laptop/film.mkv"))).size, size);
});

test("a plan that does not fit is refused before the first copy", async (t) => {
  // More than a batch of them would fit, and go first.
  const small = Array.from({ length: 600 }, (_, n) => [`a${n}.txt`, `small ${n}`] as const);
  await using home = await household({ phone: Object.fromEntries(small) });
  const { bavail, bsize } = await statfs(home.disk.root);
  const size = bavail * bsize + 2 ** 30;
  const made = await makeSparse(home.path("phone/huge.bin"), size).then(
    () => true,
    () => false,
  );
  if (!made) return t.skip("the file system takes no sparse file of that size");
  const { status, stderr } = await home.onefold(["run", ...home.places]);

  assert.equal(status, 4, stderr);
  assert.match(stderr, /^error: .* \[ARCHIVE_FULL\]\n {2}hint: /);
  assert.deepEqual(await home.archived(), {});
});
