import { test } from "node:test";
import fc from "fast-check";
import { aStory } from "../src/testing/crash-draws.ts";
import { goThrough } from "../src/testing/crash-story.ts";

const stories = Number(process.env["ONEFOLD_CRASH_RUNS"] ?? 30);

test("whenever the power goes: what was recorded is there, no file is spoiled, the next run makes all good", async (t) => {
  await fc.assert(
    fc.asyncProperty(aStory, (steps) => goThrough(t, steps)),
    { numRuns: stories },
  );
});

test("the power goes before this change of a first run, or before that one: the same", async (t) => {
  // A run like this makes some sixty changes.
  for (let beforeChange = 1; beforeChange < 80; beforeChange += 3) {
    await goThrough(t, [
      { do: "write", path: "phone/a.txt", content: "blocks" },
      { do: "write", path: "laptop/IMG_20190714_101500.jpg", content: "long" },
      { do: "write", path: "laptop/c.txt", content: "blocks" },
      { do: "run", cut: { beforeChange, lingersMs: 0, seed: beforeChange } },
    ]);
  }
});
