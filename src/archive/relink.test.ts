import assert from "node:assert/strict";
import { appendFileSync, renameSync, symlinkSync, unlinkSync } from "node:fs";
import { describe, test } from "node:test";
import { blake3 } from "@napi-rs/blake-hash";
import type { EqualFile } from "../inventory/relinkable.ts";
import { toHash } from "../model/file.ts";
import { anArchive, archived, inodeOf, second, standingAt } from "../testing/relinking.ts";
import { type Disk, fileFrom, hardLinkTo, symlinkTo } from "../testing/tree.ts";
import { openArchive } from "./archive.ts";
import { beginJournal, journalPath } from "./journal.ts";
import { readJournal } from "./read-journal.ts";
import { type RelinkedBatch, Relinker } from "./relink.ts";

/** Rows as the inventory would give them. */
async function rowsOf(disk: Disk, names: readonly string[]): Promise<EqualFile[]> {
  return Promise.all(
    names.map(async (name, n): Promise<EqualFile> => {
      const { path, size, modified, inode } = await standingAt(disk, name);
      const hash = toHash(blake3(name.split("/")[0] ?? "").toString("hex"));
      return { id: n, hash, path, size, modified, inode, names: 1, isEntry: n === 0 };
    }),
  );
}

/** Relinks rows of one batch; what is yielded, and what the journal says. */
async function relinkRows(disk: Disk, rows: readonly EqualFile[], signal = new AbortController().signal) {
  await using archive = await openArchive(disk.path("archive"), { purpose: "test", program: "onefold 0" });
  await using journal = await beginJournal(archive, {
    run: "r",
    command: "relink",
    at: "",
    program: "onefold 0",
    sources: [],
  });
  await using relinker = new Relinker(archive.root, signal);
  const batches: RelinkedBatch[] = [];
  const stream = (async function* () {
    yield rows;
  })();
  for await (const batch of relinker.relink(stream, async () => journal)) batches.push(batch);
  const records = [];
  for await (const record of readJournal(journalPath(archive.root, "r"))) records.push(record);
  return { batches, records };
}

describe("many files", () => {
  test("that changed, vanished or became links since the scan are left alone; the others are linked", async () => {
    await using disk = await anArchive({
      a: { kept: "same", changed: "same", gone: "same", linked: "same", folder: { x: "same" }, good: "same" },
    });
    const names = ["a/kept", "a/changed", "a/gone", "a/linked", "a/folder/x", "a/good"];
    const rows = await rowsOf(disk, names);
    const path = (name: string) => disk.path(`archive/${name}`);
    appendFileSync(path("a/changed"), "!");
    unlinkSync(path("a/gone"));
    unlinkSync(path("a/linked"));
    symlinkSync("kept", path("a/linked"));
    renameSync(path("a/folder"), path("a/elsewhere"));
    symlinkSync("elsewhere", path("a/folder"));
    const { batches, records } = await relinkRows(disk, rows);

    assert.deepEqual(
      batches.flatMap(({ leftAlone }) => leftAlone.map((left) => `${left.path} ${left.code}`)),
      ["a/changed CHANGED_SINCE_SCAN", "a/gone ENOENT", "a/linked NOT_A_FILE", "a/folder/x PATH_BLOCKED"],
    );
    assert.deepEqual(
      batches.flatMap(({ relinked }) => relinked.map(({ archived: { path: at } }) => at)),
      ["a/good"],
    );
    const { a } = await archived(disk);
    assert.deepEqual(a, {
      changed: "same!",
      elsewhere: { x: "same" },
      folder: symlinkTo("elsewhere"),
      good: "same",
      kept: "same",
      linked: symlinkTo("kept"),
    });
    const [, intend, done] = records;
    assert.ok(intend?.do === "intend" && done?.do === "done" && records.length === 3);
    const [intention] = intend.operations;
    const good = rows[5];
    assert.ok(intention?.do === "relink" && intention.to === "a/good" && intention.existing === "a/kept");
    assert.deepEqual(
      [intention.size, intention.before.inode, intention.before.mtimeNs],
      [4, String(good?.inode), String(good?.modified)],
    );
    assert.deepEqual(
      done.results.map((result) => [result.outcome, "to" in result && result.to]),
      [["relinked", "a/good"]],
    );
  });

  test("go on with the next one where the file that was to be kept is not what was recorded", async () => {
    await using disk = await anArchive({ a: { kept: "same", second: "same", third: "same" } });
    const rows = await rowsOf(disk, ["a/kept", "a/second", "a/third"]);
    appendFileSync(disk.path("archive/a/kept"), "!");
    await relinkRows(disk, rows);

    assert.deepEqual((await archived(disk))["a"], { kept: "same!", second: "same", third: "same" });
    assert.equal(await inodeOf(disk, "a/third"), await inodeOf(disk, "a/second"));
  });

  test("with other bytes than were recorded are told apart from the rest", async () => {
    await using disk = await anArchive({ a: { kept: "same", other: "sane", third: "same" } });
    const { batches } = await relinkRows(disk, await rowsOf(disk, ["a/kept", "a/other", "a/third"]));

    assert.deepEqual(
      batches.flatMap(({ different }) => different),
      [1],
    );
    assert.deepEqual((await archived(disk))["a"], { kept: "same", other: "sane", third: "same" });
    assert.equal(await inodeOf(disk, "a/third"), await inodeOf(disk, "a/kept"));
  });

  test("of one content keep the oldest time of all, batch after batch", async () => {
    const names = Array.from({ length: 600 }, (_, n) => `a/${String(n).padStart(3, "0")}`);
    const files = names.map((name, n) => [name.slice(2), fileFrom(BigInt(10_000 - n) * second, "same")] as const);
    await using disk = await anArchive({ a: Object.fromEntries(files) });
    const { batches } = await relinkRows(disk, await rowsOf(disk, names));

    const inodes = new Set(await Promise.all(names.map((name) => inodeOf(disk, name))));
    assert.equal(inodes.size, 1);
    assert.equal((await standingAt(disk, "a/000")).modified, 9_401n * second);
    assert.ok(batches.length >= 3);
    assert.equal(batches.at(-1)?.retimed[0]?.modified, 9_401n * second);
    assert.deepEqual(
      batches.flatMap(({ leftAlone }) => leftAlone),
      [],
    );
  });

  test("that are links already are no work, also where the inventory knows no inodes", async () => {
    await using disk = await anArchive({ a: { kept: "same", other: hardLinkTo("archive/a/kept") } });
    const rows = (await rowsOf(disk, ["a/kept", "a/other"])).map((row) => ({ ...row, inode: null, names: null }));
    const { batches, records } = await relinkRows(disk, rows);

    assert.deepEqual([batches, records.length], [[], 1]);
  });

  test("are not begun any more after an abort", async () => {
    await using disk = await anArchive({ a: { kept: "same", other: "same" } });
    const { batches } = await relinkRows(disk, await rowsOf(disk, ["a/kept", "a/other"]), AbortSignal.abort());

    assert.deepEqual(batches, []);
    assert.notEqual(await inodeOf(disk, "a/kept"), await inodeOf(disk, "a/other"));
  });
});
