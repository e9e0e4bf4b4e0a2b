import assert from "node:assert/strict";
import { lstatSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { blake3 } from "@napi-rs/blake-hash";
import { layOut } from "../testing/tree.ts";
import { readAtOnce } from "./walk-rows.ts";

const notRead = "f\t\\N";

test("a small file is read as soon as it was looked at", async () => {
  await using disk = await layOut({ "a.txt": "hello" });
  const path = disk.path("a.txt");
  utimesSync(path, 1_500_000_000, 1_500_000_000);
  const read = { files: 0, bytes: 0 };

  // Racy: its ctime is of this moment.
  assert.equal(readAtOnce(path, lstatSync(path, { bigint: true }), read), `t\t\\\\x${blake3("hello").toString("hex")}`);
  assert.deepEqual(read, { files: 1, bytes: 5 });
});

test("what is not the file any more that was looked at has no hash yet", async () => {
  const happens: Readonly<Record<string, (path: string) => void>> = {
    "it was written to": (path) => writeFileSync(path, "jello"),
    "it was written to, and got its time back": (path) => {
      writeFileSync(path, "jello");
      utimesSync(path, 1_500_000_000, 1_500_000_000);
    },
    "it got longer": (path) => writeFileSync(path, "hello, world"),
    "it got shorter": (path) => writeFileSync(path, "hell"),
    "it is gone": (path) => rmSync(path),
    "a link stands there": (path) => {
      renameSync(path, `${path}.old`);
      symlinkSync(`${path}.old`, path);
    },
  };
  for (const [what, happen] of Object.entries(happens)) {
    await using disk = await layOut({ "a.txt": "hello" });
    const path = disk.path("a.txt");
    utimesSync(path, 1_500_000_000, 1_500_000_000);
    const seen = lstatSync(path, { bigint: true });
    // Clocks of file systems tick every few milliseconds; what changes within a tick is racy, and read again.
    await delay(20);
    happen(path);
    const read = { files: 0, bytes: 0 };

    assert.equal(readAtOnce(path, seen, read), notRead, what);
    assert.equal(read.files, 0, what);
  }
});
