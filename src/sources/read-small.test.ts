import assert from "node:assert/strict";
import { closeSync, openSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { blake3 } from "@napi-rs/blake-hash";
import { lookAt } from "../disk/looked.ts";
import { type SystemCalls, systemCalls } from "../disk/system-calls.ts";
import { isRacy } from "../model/time.ts";
import { layOut } from "../testing/tree.ts";
import { readSmall } from "./read-small.ts";

/** Those of node, and those of the C library, if they can be had. */
const ways = [null, await systemCalls()];

/** Looks at a file, lets something happen to it, and reads it. */
function lookAndRead(path: string, way: SystemCalls | null, happens: (path: string) => void = () => {}) {
  const read = { files: 0, bytes: 0 };
  const fd = openSync(path, "r");
  try {
    const { size, mtimeNs, ctimeNs } = lookAt(fd, way);
    happens(path);
    return { read, hash: readSmall(fd, { size, mtimeNs, ctimeNs }, read, way) };
  } finally {
    closeSync(fd);
  }
}

test("a small file is read as soon as it was looked at", async () => {
  await using disk = await layOut({ "a.txt": "hello" });
  for (const way of ways) {
    const { hash, read } = lookAndRead(disk.path("a.txt"), way);

    assert.equal(hash, blake3("hello").toString("hex"));
    assert.deepEqual(read, { files: 1, bytes: 5 });
  }
});

test("what is not the version any more that was looked at has no hash yet", async () => {
  const happens: Readonly<Record<string, (path: string) => void>> = {
    "it was written to": (path) => writeFileSync(path, "jello"),
    "it was written to, and got its time back": (path) => {
      writeFileSync(path, "jello");
      utimesSync(path, 1_500_000_000, 1_500_000_000);
    },
    "it got longer": (path) => writeFileSync(path, "hello, world"),
    "it got shorter": (path) => writeFileSync(path, "hell"),
    "it got empty": (path) => truncateSync(path),
  };
  for (const way of ways) {
    for (const [what, happen] of Object.entries(happens)) {
      await using disk = await layOut({ "a.txt": "hello" });
      const path = disk.path("a.txt");
      utimesSync(path, 1_500_000_000, 1_500_000_000);
      // Clocks of file systems tick every few milliseconds; what changes within a tick is racy, and read again.
      await delay(20);
      const { hash, read } = lookAndRead(path, way, happen);

      assert.equal(hash, null, what);
      assert.equal(read.files, 0, what);
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
