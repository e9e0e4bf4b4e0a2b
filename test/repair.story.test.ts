import assert from "node:assert/strict";
import { appendFile, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { describe, test } from "node:test";
import { flipBit } from "../src/testing/bits.ts";
import { documentsOf } from "../src/testing/onefold.ts";
import { hasStrace } from "../src/testing/programs.ts";
import { brokenPromises } from "../src/testing/promises.ts";
import {
  archivedLetter,
  essence,
  filesOf,
  killRepair,
  letter,
  letterNames,
  verifyAll,
} from "../src/testing/repair-story.ts";

describe("verify --repair", () => {
  test("gives a damaged entry its bytes, time, mode and every name again, and keeps the damaged file", async () => {
    const { home, before } = await archivedLetter();
    await using _home = home;
    await flipBit(home.path("archive/files/letter.txt"), 12_345);
    const rotten = await readFile(home.path("archive/files/letter.txt"));
    const done = await verifyAll(home, 0, "--repair");

    assert.deepEqual([done.status, done.problems], ["complete", []]);
    const kept = `.onefold/damaged/${done.run}/files/letter.txt`;
    assert.deepEqual(done.repaired, [
      { entry: "files/letter.txt", from: { source: "phone", path: "letter.txt" }, names: letterNames, kept },
    ]);
    const after = await filesOf(home);
    assert.deepEqual(essence(after), essence(before));
    assert.equal(new Set(letterNames.map((name) => after.get(name)?.inode)).size, 1);
    assert.deepEqual(await readFile(home.path(`archive/${kept}`)), rotten);
    assert.deepEqual(await readdir(home.path("archive/.onefold/tmp")), []);
  });

  test("is told by its journal, and leaves nothing to do for the next verify, scan and run", async () => {
    const { home } = await archivedLetter();
    await using _home = home;
    await flipBit(home.path("archive/files/letter.txt"));
    const { run } = await verifyAll(home, 0, "--repair");
    const records = documentsOf<Record<string, unknown>>(await home.onefold(["history", run, "--json"]));

    assert.deepEqual(
      records.map((record) => record["do"]).filter((what) => what !== undefined),
      ["begin", "intend", "done", "end"],
    );
    assert.match(JSON.stringify(records), /"do":"repair","to":"files\/letter\.txt","names":\["by-source/);
    assert.match((await home.onefold(["history", run])).stdout, /\n {2}repaired files\/letter\.txt\n/);
    const again = await verifyAll(home, 0, "--repair");
    assert.deepEqual([again.damaged, again.repaired], [[], []]);
    const { plan, scan } = await home.run();
    assert.deepEqual([plan.copyFiles, plan.linkFiles, scan.hashedFiles], [0, 0, 0]);
    assert.deepEqual(
      await brokenPromises(home),
      ["damaged"].map((name) => `.onefold/${name} was left`),
    );
  });

  test("takes the next copy if one has rotted as well", async () => {
    const { home, before } = await archivedLetter();
    await using _home = home;
    await flipBit(home.path("archive/files/letter.txt"));
    await flipBit(home.path("phone/letter.txt"));
    const { repaired } = await verifyAll(home, 0, "--repair");

    assert.deepEqual(repaired[0]?.from, { source: "laptop", path: "docs/letter copy.txt" });
    assert.deepEqual(essence(await filesOf(home)), essence(before));
  });

  test("changes nothing and says so if no copy is good", async () => {
    const { home } = await archivedLetter();
    await using _home = home;
    await flipBit(home.path("archive/files/letter.txt"));
    await flipBit(home.path("phone/letter.txt"));
    await rm(home.path("laptop"), { recursive: true });
    const before = await filesOf(home);
    const { problems, repaired } = await verifyAll(home, 6, "--repair");

    assert.deepEqual(repaired, []);
    assert.match(
      problems[0]?.message ?? "",
      /NOT repaired: phone: letter\.txt, laptop: docs\/letter copy\.txt does not hold it either$/,
    );
    assert.deepEqual(await filesOf(home), before);
    assert.deepEqual(await readdir(home.path("archive/.onefold/tmp")), []);
  });

  test("makes a missing entry again: as a link of a name that is left, else from a source", async () => {
    const { home, before } = await archivedLetter();
    await using _home = home;
    await rm(home.path("archive/files"), { recursive: true });
    await rm(home.path("archive/by-source/phone/a.txt"));
    const { missing, repaired } = await verifyAll(home, 0, "--repair");

    assert.deepEqual(missing.length, 2);
    assert.deepEqual(
      repaired.map(({ entry, from, kept }) => [entry, from, kept]),
      [
        ["files/a.txt", { source: "phone", path: "a.txt" }, null],
        ["files/letter.txt", { path: "by-source/laptop/docs/letter copy.txt" }, null],
      ],
    );
    const after = await filesOf(home);
    assert.equal(after.get("files/letter.txt")?.inode, before.get("files/letter.txt")?.inode);
    assert.deepEqual(after.get("files/a.txt")?.content, before.get("files/a.txt")?.content);
  });

  test("puts back what was recorded where somebody wrote to an entry; the new version is kept", async () => {
    const { home, before } = await archivedLetter();
    await using _home = home;
    await appendFile(home.path("archive/files/letter.txt"), ", and more");
    const { repaired } = await verifyAll(home, 0, "--repair");

    assert.deepEqual(essence(await filesOf(home)), essence(before));
    const kept = await readFile(home.path(`archive/${repaired[0]?.kept}`), "utf8");
    assert.equal(kept, `${letter}, and more`);
  });

  test("repairs a file that is no entry by itself, from the entry", async () => {
    const { home } = await archivedLetter();
    await using _home = home;
    await rm(home.path("archive/by-source/phone/a.txt"));
    await writeFile(home.path("archive/by-source/phone/a.txt"), "first");
    await home.onefold(["scan", ...home.places]);
    await flipBit(home.path("archive/by-source/phone/a.txt"));
    const { repaired } = await verifyAll(home, 0, "--repair");

    assert.deepEqual(
      repaired.map(({ entry, from }) => [entry, from]),
      [["by-source/phone/a.txt", { path: "files/a.txt" }]],
    );
    assert.equal(await readFile(home.path("archive/by-source/phone/a.txt"), "utf8"), "first");
  });

  test("is never done unasked; a later one repairs what is known, whatever its sample", async () => {
    const { home, before } = await archivedLetter();
    await using _home = home;
    await flipBit(home.path("archive/files/letter.txt"));
    const found = await verifyAll(home, 6);
    assert.deepEqual(found.repaired, []);
    const ended = await home.onefold(["verify", "--repair", "--older-than", "1y", ...home.places]);

    assert.equal(ended.status, 0, ended.stdout);
    assert.match(
      ended.stdout,
      /^repaired files\/letter\.txt from phone: letter\.txt; what stood there is \.onefold\/damaged\//,
    );
    assert.match(ended.stdout, /\nDamaged +1 file\nRepaired +1 file\n/);
    assert.deepEqual(essence(await filesOf(home)), essence(before));
  });
});

// At every moment: repair.slow.test.ts.
test("a repair that was killed between two names is completed by the next one", {
  skip: hasStrace() ? false : "strace is not here, or may not trace",
}, async () => {
  assert.ok(await killRepair("rename", 2));
});
