import assert from "node:assert/strict";
import { closeSync, fstatSync, openSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { blake3 } from "@napi-rs/blake-hash";
import { systemCalls } from "../disk/system-calls.ts";
import { isRacy } from "../model/time.ts";
import { layOut } from "../testing/tree.ts";
import { readSmall } from "./read-small.ts";

/** Those of node, and those of the C library, if they can be had. */
const ways = [null, await systemCalls()];

/** Looks at a file, lets something happen to it, and reads it. */
function lookAndRead(path: string, happens: (path: string) => void, way = ways[0] ?? null) {
  const read = { files: 0, bytes: 0 };
  const began = Date.now();
  const fd = openSync(path, "r");
  try {
    const seen = fstatSync(fd, { bigint: true });
    happens(path);
    const hash = readSmall(fd, Number(seen.size), read, way);
    return { seen, read, hash, racy: isRacy(seen.mtimeNs, seen.ctimeNs, began, Date.now()) };
  } finally {
    closeSync(fd);
  }
}

test("a small file is read as soon as it was looked at", async () => {
  await using disk = await layOut({ "a.txt": "hello" });
  const path = disk.path("a.txt");
  utimesSync(path, 1_500_000_000, 1_500_000_000);
  for (const way of ways) {
    const { hash, read, racy } = lookAndRead(path, () => {}, way);

    assert.equal(hash, blake3("hello").toString("hex"));
    assert.deepEqual(read, { files: 1, bytes: 5 });
    assert.ok(racy, "its ctime is of this moment");
  }
});

test("a file that gets longer or shorter while it is read has no hash yet", async () => {
  for (const way of ways) {
    for (const content of ["hell", "hello, world", ""]) {
      await using disk = await layOut({ "a.txt": "hello" });
      const { hash, read } = lookAndRead(disk.path("a.txt"), (path) => writeFileSync(path, content), way);

      assert.equal(hash, null, content);
      assert.equal(read.files, 0, content);
    }
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
      const { seen, racy } = lookAndRead(path, happen);
      const fd = openSync(path, "r");
      const now = fstatSync(fd, { bigint: true });
      closeSync(fd);

      assert.ok(racy || now.mtimeNs !== seen.mtimeNs || now.ctimeNs !== seen.ctimeNs, what);
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
