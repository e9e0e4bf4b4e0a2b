import assert from "node:assert/strict";
import { test } from "node:test";
import { hasStrace } from "../src/testing/programs.ts";
import { killRepair } from "../src/testing/repair-story.ts";

for (const call of ["rename", "link", "unlink", "fsync", "futimesat,utimensat", "mkdir"]) {
  test(`a repair that is killed at any ${call} is completed by the next one`, {
    skip: hasStrace() ? false : "strace is not here, or may not trace",
  }, async () => {
    let nth = 1;
    while (nth < 40 && (await killRepair(call, nth))) nth++;
    assert.ok(nth > 1);
  });
}
