/** One small case from end to end, with whatever finders are installed here. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryFolder } from "../src/testing/folder.ts";
import { writeResults } from "./results-file.ts";
import { cases, runCases } from "./run-cases.ts";

test("a case is measured, checked and written down", { timeout: 120_000 }, async () => {
  await using folder = await temporaryFolder();
  const measured = await runCases({
    ...{ scale: "tiny", huge: false, rounds: 1, budget: null, folder: join(folder.path, "bench") },
    cases: cases.filter(({ name }) => name === "small"),
    now: () => new Date(),
    say: () => undefined,
  });
  const [small] = measured.cases;
  assert.ok(small?.kind === "race");
  // All found what there is, the finders as well as onefold.
  const remarks = small.rows.flatMap(({ name, notes }) => notes.map((note) => `${name}: ${note}`));
  assert.deepEqual(
    remarks.filter((remark) => /found|ended|problems/.test(remark)),
    [],
  );
  assert.ok(small.rows.every(({ seconds }) => seconds.length === 1));

  await writeResults(folder.path, { full: measured });
  assert.match(await readFile(join(folder.path, "RESULTS.md"), "utf8"), /\| onefold \[\d\] +\|/);
  assert.deepEqual(JSON.parse(await readFile(join(folder.path, "results.json"), "utf8")), { full: measured });
});
