import { test } from "node:test";
import fc from "fast-check";
import { aStory } from "../src/testing/crash-draws.ts";
import { crashHome, settle, takeStep } from "../src/testing/crash-story.ts";

const runs = Number(process.env["ONEFOLD_CRASH_RUNS"] ?? 30);

test("whenever the power goes, what was recorded is there, no file is spoiled, and the next run makes all good", async (t) => {
  await fc.assert(
    fc.asyncProperty(aStory, async (steps) => {
      await using at = await crashHome({ phone: {}, laptop: {} });
      if (at === null) return t.skip("only root can mount file systems here");
      for (const step of steps) await takeStep(at, step);
      await settle(at);
    }),
    { numRuns: runs },
  );
});
