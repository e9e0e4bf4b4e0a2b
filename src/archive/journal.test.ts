import assert from "node:assert/strict";
import { appendFile, readFile, truncate, writeFile } from "node:fs/promises";
import { describe, test } from "node:test";
import { blake3 } from "@napi-rs/blake-hash";
import type { PathText } from "../model/path.ts";
import { copyOf, scanned, startRun } from "../testing/consolidation.ts";
import { layOut } from "../testing/tree.ts";
import { openArchive } from "./archive.ts";
import { beginJournal, journalPath } from "./journal.ts";
import { sealLine } from "./journal-line.ts";
import { readJournal } from "./read-journal.ts";

const header = { run: "r1", command: "run", at: "2026-01-01T00:00:00Z", program: "onefold 0", sources: [] };

async function records(path: PathText) {
  const all = [];
  for await (const record of readJournal(path)) all.push(record);
  return all;
}

/** A journal of 20 empty batches, closed. */
async function writtenJournal() {
  const disk = await layOut({ archive: {} });
  await using archive = await openArchive(disk.path("archive"), { purpose: "test", program: "onefold 0" });
  await using journal = await beginJournal(archive, header);
  const batches = Array.from({ length: 20 }, (_, batch) => batch);
  await Promise.all(batches.map((batch) => journal.write({ do: "done", batch, folders: [], results: [] })));
  await journal.write({ do: "end", status: "complete" });
  return { disk, path: journalPath(archive.root, "r1") };
}

describe("a run's journal", () => {
  test("names every file before it is copied, and what became of it afterwards", async () => {
    await using disk = await layOut({ usb: { "caf\\xe9.jpg": "sunset" }, archive: {} });
    await using run = await startRun(disk.path("archive"));
    const file = await scanned(disk.path("usb"), "caf\\xe9.jpg");
    await run.execute([copyOf(file, "photos/2019/caf\\xe9.jpg")]);

    const [begin, intend, done, ...more] = await records(journalPath(disk.path("archive"), "test-run"));

    assert.equal(more.length, 0);
    assert.ok(begin?.do === "begin" && begin.archive === run.archive.marker.id);
    assert.ok(intend?.do === "intend" && done?.do === "done" && intend.batch === done.batch);
    const [intention] = intend.operations;
    const [result] = done.results;
    assert.ok(intention?.do === "copy" && intention.mtimeNs === String(file.modified) && intention.hash === undefined);
    assert.ok(result !== undefined && "to" in result && result.to === "photos/2019/caf\\xe9.jpg");
    assert.equal(result?.hash, blake3("sunset").toString("hex"));
    assert.deepEqual(done.folders, ["photos", "photos/2019"]);
  });

  test("reads back as it was written", async () => {
    const { disk, path } = await writtenJournal();
    await using _disk = disk;

    const all = await records(path);

    assert.deepEqual(all.at(-1), { do: "end", status: "complete" });
    assert.deepEqual(
      all.map((record) => (record.do === "done" ? record.batch : record.do)),
      ["begin", ...Array.from({ length: 20 }, (_, n) => n), "end"],
    );
  });

  test("may be torn at its end, at any byte, and says so", async () => {
    const { disk, path } = await writtenJournal();
    await using _disk = disk;
    const whole = await readFile(path);
    const lastLine = whole.lastIndexOf("\n", whole.length - 2) + 1;

    for (const kept of [whole.length - 1, whole.length - 9, lastLine + 1]) {
      await writeFile(path, whole.subarray(0, kept));
      assert.deepEqual((await records(path)).at(-1), { do: "torn", atByte: lastLine, lostBytes: kept - lastLine });
    }
    await truncate(path, lastLine);
    assert.equal((await records(path)).at(-1)?.do, "done");
    await appendFile(path, "\0".repeat(4096));
    assert.equal((await records(path)).at(-1)?.do, "torn");
  });

  test("of a later program is read as far as it is understood", async () => {
    const { disk, path } = await writtenJournal();
    await using _disk = disk;
    const lines = (await readFile(path, "utf8")).trimEnd().split("\n");
    const { sum } = JSON.parse(lines.at(-1) ?? "") as { sum: string };
    await appendFile(path, sealLine({ n: lines.length, do: "novelty", what: 1 }, sum).text);

    assert.deepEqual((await records(path)).at(-1), { do: "end", status: "complete" });
  });

  test("raises an alarm when a line in the middle was changed, lost or moved", async () => {
    const { disk, path } = await writtenJournal();
    await using _disk = disk;
    const lines = (await readFile(path, "utf8")).split("\n");
    const damages = [
      lines.map((line) => line.replace('"batch":7,', '"batch":8,')),
      lines.filter((_, n) => n !== 5),
      lines.map((line, n) => (n === 5 ? lines[6] : n === 6 ? lines[5] : line)),
      lines.map((line, n) => (n === 5 ? line.slice(0, 10) : line)),
    ];

    for (const damaged of damages) {
      await writeFile(path, damaged.join("\n"));
      await assert.rejects(records(path), { code: "JOURNAL_DAMAGED", exitCode: 6 });
    }
  });

  test("is never written twice", async () => {
    await using disk = await layOut({ archive: {} });
    await using archive = await openArchive(disk.path("archive"), { purpose: "test", program: "onefold 0" });
    await using _first = await beginJournal(archive, header);

    await assert.rejects(beginJournal(archive, header), { code: "EEXIST" });
  });

  test("cannot be placed elsewhere by the name of its run", async () => {
    await using disk = await layOut({ archive: {} });
    await using archive = await openArchive(disk.path("archive"), { purpose: "test", program: "onefold 0" });

    await assert.rejects(beginJournal(archive, { ...header, run: "../../x" }), TypeError);
  });
});
