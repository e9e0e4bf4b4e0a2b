import assert from "node:assert/strict";
import { rename, rm, unlink, utimes, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { type Household, household, type Snapshot, snapshot, summaryOf } from "../src/testing/household.ts";
import { documentOf, documentsOf } from "../src/testing/onefold.ts";
import { addTo, fileFrom } from "../src/testing/tree.ts";

const july2019 = 1_563_099_300_123_456_000n;
/** What changed so shortly before its hashing may have changed after it with the same times: the next run hashes it again. */
const racyMs = 3_100;

const sources = {
  phone: { DCIM: { "IMG_20190714_101500.jpg": "beach", "IMG_20190714_101501.jpg": "wave" } },
  laptop: { "holiday.jpg": "beach", "letter.txt": "dear", "notes.txt": "note" },
};

test("a second run changes nothing: no name, no byte, no time, no journal", async () => {
  await using home = await household(sources);
  await home.run();
  const before = await archiveOf(home);
  const { status, scan, plan, consolidate } = await home.run();

  assert.equal(status, "complete");
  assert.deepEqual([scan.new, scan.changed, scan.missing, scan.unchanged], [0, 0, 0, 5]);
  assert.deepEqual(plan, { copyFiles: 0, copyBytes: 0, linkFiles: 0, alreadyArchived: 5 });
  assert.deepEqual([consolidate.copiedFiles, consolidate.linkedFiles, consolidate.alreadyArchived], [0, 0, 5]);
  assert.deepEqual(await archiveOf(home), before);
});

test("what was not touched is never read again", async () => {
  await using home = await household(sources);
  await delay(racyMs);
  await home.run();
  const second = await home.run();

  assert.deepEqual([second.scan.readBytes, second.scan.hashedFiles], [0, 0]);
});

test("a file that changed within its clock's tick is noticed", async () => {
  await using home = await household({ phone: { "a.txt": fileFrom(july2019, "one") } });
  await home.run();
  await writeFile(home.path("phone/a.txt"), "two");
  const seconds = Number(july2019 / 1_000_000_000n);
  await utimes(home.path("phone/a.txt"), seconds, seconds);
  await home.run();

  assert.deepEqual(await contentsOf(home), ["one", "two"]);
});

test("only what is new is copied", async () => {
  await using home = await household(sources);
  await home.run();
  await addTo(home.path("laptop"), { more: { "new.txt": "newer", "copy.jpg": "wave" } });
  const { scan, consolidate } = await home.run();

  assert.deepEqual([scan.new, scan.unchanged], [2, 5]);
  assert.deepEqual([consolidate.copiedFiles, consolidate.copiedBytes, consolidate.linkedFiles], [1, 5, 2]);
});

test("an edited file gets in beside its former self, which stays", async () => {
  await using home = await household({ laptop: { "letter.txt": "dear" } });
  await home.run();
  await writeFile(home.path("laptop/letter.txt"), "dearest");
  const { scan } = await home.run();
  const archived = await home.archived();

  assert.equal(scan.changed, 1);
  assert.match(Object.keys(archived["files"] ?? {}).join(" "), /^letter\.txt letter~[0-9a-f]{8}\.txt$/);
  assert.deepEqual(await contentsOf(home), ["dear", "dearest"]);
  assert.deepEqual(Object.values(Object(archived["by-source"]).laptop).sort(), ["dear", "dearest"]);
  assert.equal(Object(archived["files"])["letter.txt"], "dear");
  const after = await archiveOf(home);
  await home.run();
  assert.deepEqual(await archiveOf(home), after);
});

test("a file deleted from its source stays in the archive, and is known when it comes back", async () => {
  await using home = await household(sources);
  await delay(racyMs);
  await home.run();
  const before = await archiveOf(home);
  const stored = home.path("state/letter.txt");
  await rename(home.path("laptop/letter.txt"), stored);
  const without = await home.run();
  await rename(stored, home.path("laptop/letter.txt"));
  const withAgain = await home.run();

  assert.deepEqual([without.scan.missing, without.scan.files], [1, 4]);
  assert.equal(withAgain.scan.missing, 0);
  assert.deepEqual([withAgain.consolidate.copiedFiles, withAgain.consolidate.linkedFiles], [0, 0]);
  assert.deepEqual(withoutJournal(await archiveOf(home)), withoutJournal(before));
});

test("a file that moved within its source is linked at its new path, not copied", async () => {
  await using home = await household(sources);
  await home.run();
  await rename(home.path("laptop/letter.txt"), home.path("laptop/old letter.txt"));
  const { consolidate } = await home.run();

  assert.equal(consolidate.copiedFiles, 0);
  const laptop = Object(Object(await home.archived())["by-source"]).laptop;
  assert.deepEqual([laptop["letter.txt"], laptop["old letter.txt"]], ["dear", "dear"]);
});

test("an entry that somebody deleted from the archive comes back", async () => {
  await using home = await household(sources);
  await home.run();
  const before = await home.archived();
  await unlink(home.path("archive/files/letter.txt"));
  await unlink(home.path("archive/by-source/laptop/notes.txt"));
  await home.run();

  assert.deepEqual(await home.archived(), before);
});

test("an entry that somebody overwrote in the archive is archived again, and nobody's bytes are lost", async () => {
  await using home = await household({ phone: { "letter.txt": "dear" } });
  await home.run();
  await rm(home.path("archive/files/letter.txt"));
  await rm(home.path("archive/by-source/phone/letter.txt"));
  await writeFile(home.path("archive/files/letter.txt"), "mine");
  await home.run();

  assert.deepEqual(await contentsOf(home), ["dear", "mine"]);
});

test("with its inventory lost, the archive is known again from its files: nothing is copied twice", async () => {
  await using home = await household(sources);
  await home.run();
  const before = await home.archived();
  await home.database.query({ text: "drop schema public cascade", values: [] });
  await home.database.query({ text: "create schema public", values: [] });
  const { consolidate } = await home.run();

  assert.deepEqual(await home.archived(), before);
  assert.deepEqual([consolidate.copiedFiles, consolidate.linkedFiles], [0, 0]);
});

test("a source that is not there makes nothing count as gone", async () => {
  await using home = await household(sources);
  await home.run();
  await rename(home.path("laptop"), home.path("elsewhere"));
  const missing = await home.onefold(["run", "--json", ...home.places]);
  await rename(home.path("elsewhere"), home.path("laptop"));
  const { scan } = await home.run();

  assert.equal(missing.status, 4, missing.stderr);
  assert.equal(documentOf<{ error: { code: string } }>(missing).error.code, "ROOT_NOT_FOUND");
  assert.deepEqual([scan.missing, scan.unchanged], [0, 5]);
});

test("one source may be scanned alone; the others stay known", async () => {
  await using home = await household(sources);
  await home.run();
  const { scan } = await summaryOf(home.onefold(["scan", "--json", "phone", ...home.places]));
  const { plan } = await home.run({ more: ["--dry-run"] });

  assert.equal(scan.files, 2);
  assert.equal(plan.alreadyArchived, 5);
});

test("status, history and where tell what was done", async () => {
  await using home = await household(sources);
  const { run } = await home.run();
  const status = await home.onefold(["status", "--json"]);
  const history = await home.onefold(["history", "--json", run.slice(0, 15)]);
  const where = await home.onefold(["where", "--json", home.path("laptop/holiday.jpg")]);

  const known = documentOf<{ sources: { name: string; files: number; archivedFiles: number }[] }>(status).sources;
  assert.deepEqual(
    known.map(({ name, files, archivedFiles }) => [name, files, archivedFiles]),
    [
      ["phone", 2, 2],
      ["laptop", 3, 3],
    ],
  );
  const [told] = documentsOf<{ id: string; command: string; status: string }>(history);
  assert.deepEqual([told?.id, told?.command, told?.status], [run, "run", "complete"]);
  const places = documentOf<{ files: { source: string; path: string }[]; entry: string }>(where);
  assert.equal(places.entry, "photos/2019/07/IMG_20190714_101500.jpg");
  assert.ok(places.files.some(({ source, path }) => source === "phone" && path === "DCIM/IMG_20190714_101500.jpg"));
});

/** All but the times of the folders where the program's lock and probes come and go. */
async function archiveOf(home: Household): Promise<Snapshot> {
  const all = await snapshot(home.path("archive"));
  return new Map([...all].filter(([path]) => path !== ".onefold" && path !== ".onefold/tmp"));
}

function withoutJournal(all: Snapshot): unknown {
  return [...all].filter(([path]) => !path.startsWith(".onefold"));
}

/** What the archive holds, each content once. */
async function contentsOf(home: Household): Promise<string[]> {
  const { "by-source": _mirror, ...layout } = await home.archived();
  const contents = (tree: unknown): string[] =>
    typeof tree === "string" ? [tree] : Object.values(Object(tree)).flatMap(contents);
  return contents(layout).sort();
}
