import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { aStory } from "../src/testing/crash-draws.ts";
import { crashHome, settle, takeStep } from "../src/testing/crash-story.ts";

const noMounts = "file systems cannot be mounted here: that takes root and /dev/fuse";

/** More of them in crash.slow.test.ts. */
test("the power goes, here and there: nothing that was recorded is lost, and the next run makes all good", async (t) => {
  await fc.assert(
    fc.asyncProperty(aStory, async (steps) => {
      await using at = await crashHome({ phone: {}, laptop: {} });
      if (at === null) return t.skip(noMounts);
      for (const step of steps) await takeStep(at, step);
      await settle(at);
    }),
    { numRuns: 2, endOnFailure: true },
  );
});

test("the power goes right after a run: its lock may be back, but keeps nobody out", async (t) => {
  await using at = await crashHome({ phone: { "a.txt": "a" } });
  if (at === null) return t.skip(noMounts);
  await at.home.run();
  await at.mount.crash("everything");
  const { plan } = await at.home.run();

  assert.deepEqual([plan.copyFiles, plan.linkFiles], [0, 0]);
});
