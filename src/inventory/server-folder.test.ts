import assert from "node:assert/strict";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryFolder } from "../testing/folder.ts";
import { openEmbedded } from "./embedded.ts";
import { makeFolders } from "./server-folder.ts";

test("several commands may make one deep folder at the same time", async () => {
  await using folder = await temporaryFolder();
  const deep = join(folder.path, "a", "b", "c", "d");
  await Promise.all(Array.from({ length: 20 }, () => makeFolders(deep, 0o700)));

  assert.equal((await stat(deep)).mode & 0o777, 0o700);
});

test("a state folder that no system makes is named, and nobody goes round in circles", {
  timeout: 30_000,
}, async () => {
  await assert.rejects(openEmbedded("/proc/nothing", process.env), { code: "STATE_NOT_WRITABLE" });
});
