import assert from "node:assert/strict";
import { closeSync, constants, openSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { systemCalls } from "../disk/system-calls.ts";
import { type PathText, pathText } from "../model/path.ts";
import { fileFrom, hardLinkTo, layOut, symlinkTo } from "../testing/tree.ts";
import type { WalkRequest } from "./walk.ts";
import { WalkRows } from "./walk-rows.ts";

const year2001 = 1_000_000_000_000_000_000n;
const tree = {
  "a.jpg": fileFrom(year2001, "hello"),
  "b.jpg": fileFrom(year2001, "hello"),
  "caf\\xe9.jpg": fileFrom(year2001, "latin"),
  "empty.txt": fileFrom(year2001, ""),
  "film.mov": fileFrom(year2001, Buffer.alloc(50_000, 7)),
  "linked.jpg": hardLinkTo("a.jpg"),
  "link to b.jpg": symlinkTo("b.jpg"),
  "Thumbs.db": fileFrom(year2001, "junk"),
  folder: {},
};

const request: WalkRequest = {
  ...{ root: "/" as PathText, exclude: [], inodes: "linked", junk: "marked", folders: [], below: true, only: null },
  ...{ firstNumber: 7, budget: 1_000, shares: false, reading: "small files", readsSmall: true },
};

test("whoever makes the system calls, and whether a folder tells what is a file or not: the rows are the same", async () => {
  await using disk = await layOut(tree);
  const calls = await systemCalls();
  const listed = readdirSync(disk.root, { encoding: "buffer", withFileTypes: true });
  const rowsBy = (way: typeof calls, tells: boolean, readsSmall: boolean) => {
    const folder = openSync(disk.root, constants.O_RDONLY | constants.O_DIRECTORY);
    const rows = new WalkRows({ ...request, readsSmall }, way);
    rows.begin("" as PathText, false);
    for (const entry of listed) rows.add(pathText(entry.name), folder, tells && entry.isFile());
    rows.end(true);
    closeSync(folder);
    return { bytes: Buffer.from(rows.bytes()).toString("hex"), folders: rows.folders, read: rows.read };
  };

  const plain = rowsBy(null, true, true);
  assert.deepEqual(rowsBy(calls, true, true), plain);
  assert.deepEqual(plain.read.files, 2, "not the linked, the large, the empty one or the junk");
  assert.deepEqual(rowsBy(calls, false, true), rowsBy(null, false, true));
  assert.deepEqual(rowsBy(calls, true, false), rowsBy(null, false, false));
  // What is read is no part of the digest: the next scan, which reads nothing, must find the same.
  assert.equal(rowsBy(null, false, false).folders[0]?.digest, plain.folders[0]?.digest);
});
