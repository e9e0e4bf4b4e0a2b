import assert from "node:assert/strict";
import { closeSync, fstatSync, openSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { blake3 } from "@napi-rs/blake-hash";
import { isRacy } from "../model/time.ts";
import { layOut } from "../testing/tree.ts";
import { tell } from "./walk-rows.ts";

/** Looks at a file, lets something happen to it, and reads it. */
function lookAndTell(path: string, happens: (path: string) => void) {
  const read = { files: 0, bytes: 0 };
  const began = Date.now();
  const fd = openSync(path, "r");
  try {
    const seen = fstatSync(fd, { bigint: true });
    happens(path);
    return { seen, read, told: tell(fd, seen, began, read) };
  } finally {
    closeSync(fd);
  }
}

test("a small file is read as soon as it was looked at", async () => {
  await using disk = await layOut({ "a.txt": "hello" });
  const path = disk.path("a.txt");
  utimesSync(path, 1_500_000_000, 1_500_000_000);
  const { told, read } = lookAndTell(path, () => {});

  // Racy: its ctime is of this moment.
  assert.deepEqual(told, { hash: blake3("hello").toString("hex"), racy: true });
  assert.deepEqual(read, { files: 1, bytes: 5 });
});

test("a file that gets longer or shorter while it is read has no hash yet", async () => {
  for (const content of ["hell", "hello, world", ""]) {
    await using disk = await layOut({ "a.txt": "hello" });
    const { told, read } = lookAndTell(disk.path("a.txt"), (path) => writeFileSync(path, content));

    assert.deepEqual(told, { hash: null, racy: false }, content);
    assert.equal(read.files, 0, content);
  }
});

test("a file that is written to after it was looked at has other times than its row, or the row is racy", async () => {
  const happens: Readonly<Record<string, (path: string) => void>> = {
    "it was written to": (path) => writeFileSync(path, "jello"),
    "it was written to, and got its time back": (path) => {
      writeFileSync(path, "jello");
      utimesSync(path, 1_500_000_000, 1_500_000_000);
    },
    "it was cut and filled again": (path) => {
      truncateSync(path);
      writeFileSync(path, "jello");
    },
  };
  for (const [what, happen] of Object.entries(happens)) {
    for (const waitMs of [0, 20]) {
      await using disk = await layOut({ "a.txt": "hello" });
      const path = disk.path("a.txt");
      utimesSync(path, 1_500_000_000, 1_500_000_000);
      await delay(waitMs);
      const { seen, told } = lookAndTell(path, happen);
      const fd = openSync(path, "r");
      const now = fstatSync(fd, { bigint: true });
      closeSync(fd);

      assert.ok(told.racy || now.mtimeNs !== seen.mtimeNs || now.ctimeNs !== seen.ctimeNs, what);
    }
  }
});

test("times within the reading and 3 s before it are racy, older ones are not", () => {
  const second = 1_000_000_000n;
  const began = 1_000_000;
  const at = BigInt(began) * 1_000_000n;
  for (const [time, racy] of [
    [at - 4n * second, false],
    [at - 2n * second, true],
    [at, true],
    [at + 2n * second, true],
  ] as const) {
    assert.equal(isRacy(time, 0n, began, began), racy);
    assert.equal(isRacy(0n, time, began, began), racy);
  }
});
