import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { PathText } from "../model/path.ts";
import { copyOf, outcomes, scanned, startRun } from "../testing/consolidation.ts";
import { hasStrace, runWithFaults, startProgram } from "../testing/programs.ts";
import { layOut, readTree, type Tree } from "../testing/tree.ts";
import { journalPath } from "./journal.ts";
import { readJournal } from "./read-journal.ts";

const temporary = "temporary file";
const compiled = (module: string) => JSON.stringify(new URL(module, import.meta.url).href);

/** Copies one file with system calls failing; what the copy says, and what is left. */
async function copyWithFaults(
  fault: string,
  file = `tmp/${temporary}`,
): Promise<{ result: Record<string, unknown>; left: Tree }> {
  await using disk = await layOut({ usb: { "a.jpg": "x".repeat(100_000) }, tmp: {} });
  const { size, modified } = await scanned(disk.path("usb"), "a.jpg");
  const code = `
    import { copyBatch } from ${compiled("./copy-batch.js")};
    import { newStopFlag } from ${compiled("./stop-flag.js")};
    const [result] = copyBatch({
      root: ${JSON.stringify(disk.path(""))},
      tasks: [{
        source: ${JSON.stringify(disk.path("usb/a.jpg"))}, size: ${size}, modified: ${modified}n, hash: null,
        temporary: ${JSON.stringify(disk.path(`tmp/${temporary}`))},
      }],
      fileMode: 0o644,
      stop: newStopFlag(),
    });
    console.log(JSON.stringify(result, (_, value) => (typeof value === "bigint" ? String(value) : value)));`;
  const output = runWithFaults(["-P", disk.path(file), ...fault.split(" ")], code);
  return { result: JSON.parse(output), left: await readTree(disk.path("tmp")) };
}

const inject = (calls: string, what: string) => `-e trace=${calls} -e inject=${calls}:${what}`;

describe("a failing disk", { skip: hasStrace() ? false : "strace is not here, or may not trace" }, () => {
  const passing: Record<string, string> = {
    "fails one flush": inject("fsync", "error=EIO:when=1"),
    "fails one close": inject("close", "error=EIO:when=1"),
    "fails one write": inject("write,pwrite64", "error=EIO:when=1"),
  };
  for (const [what, fault] of Object.entries(passing)) {
    test(`that ${what} gets a new copy from the source`, async () => {
      const { result, left } = await copyWithFaults(fault);

      assert.equal(result["kind"], "copied");
      assert.equal(result["bytesRead"], 200_000);
      assert.deepEqual(left, { [temporary]: "x".repeat(100_000) });
    });
  }

  test("that cannot close a source file, once it was read, has been good enough", async () => {
    const { result, left } = await copyWithFaults(inject("close", "error=EIO"), "usb/a.jpg");

    assert.deepEqual([result["kind"], result["bytesRead"]], ["copied", 100_000]);
    assert.deepEqual(left, { [temporary]: "x".repeat(100_000) });
  });

  test("that fails every flush never counts as having the file", async () => {
    const { result, left } = await copyWithFaults(inject("fsync", "error=EIO"));

    assert.deepEqual([result["kind"], result["code"]], ["failed", "EIO"]);
    assert.deepEqual(left, {});
  });

  test("that is full stops everything", async () => {
    const { result, left } = await copyWithFaults(inject("write,pwrite64", "error=ENOSPC"));

    assert.deepEqual([result["kind"], result["code"]], ["stop", "ENOSPC"]);
    assert.deepEqual(left, {});
  });

  test("that loses bytes which it said to have written is found out by reading back", async () => {
    const { result, left } = await copyWithFaults(inject("write,pwrite64", "retval=2:when=1"));

    assert.deepEqual([result["kind"], result["code"]], ["failed", "WRITTEN_WRONG"]);
    assert.deepEqual(left, {});
  });
});

/** Copies 800 files into the archive in another process. */
function copyingProgram(usb: PathText, archive: PathText): string {
  return `
    import { copyOf, scanned, startRun } from ${compiled("../testing/consolidation.js")};
    const run = await startRun(${JSON.stringify(archive)}, { run: "killed" });
    const files = await Promise.all(
      Array.from({ length: 800 }, (_, n) => scanned(${JSON.stringify(usb)}, n + ".jpg")),
    );
    console.log("copying");
    await run.execute(files.map((file) => copyOf(file, "photos/" + file.path)));
    console.log("finished");`;
}

test("a run killed at any moment leaves whole files only; the next one completes it and tidies up", async () => {
  const names = Array.from({ length: 800 }, (_, n) => `${n}.jpg`);
  const usb = Object.fromEntries(names.map((name) => [name, `content of ${name}`]));
  await using disk = await layOut({ usb, archive: {} });
  await using killed = startProgram(copyingProgram(disk.path("usb"), disk.path("archive")));
  await killed.says("copying");
  await sleep(250);
  await killed.kill();

  const { photos = {} } = await readTree(disk.path("archive"));
  for (const [name, content] of Object.entries(photos as Tree)) assert.equal(content, usb[name]);
  const planned = new Set<string>();
  for await (const record of readJournal(journalPath(disk.path("archive"), "killed"))) {
    if (record.do === "intend") for (const one of record.operations) if ("to" in one) planned.add(one.to);
  }
  assert.ok(Object.keys(photos as Tree).every((name) => planned.has(`photos/${name}`)));

  await using run = await startRun(disk.path("archive"), { run: "next" });
  assert.deepEqual((await readTree(disk.path("archive/.onefold")))["tmp"], {});
  const files = await Promise.all(names.map((name) => scanned(disk.path("usb"), name)));
  const kinds = outcomes(await run.execute(files.map((file) => copyOf(file, `photos/${file.path}`))));
  assert.ok(kinds.every((kind) => kind === "copied" || kind === "alreadyThere"));
  assert.deepEqual((await readTree(disk.path("archive")))["photos"], await readTree(disk.path("usb")));
});
