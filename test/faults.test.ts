import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Chance } from "../src/testing/chance.ts";
import { tellCalmly } from "../src/testing/misfortune.ts";
import { deaths, failures, inAnyOrder, tellWithEach } from "../src/testing/misfortunes.ts";
import { hasStrace } from "../src/testing/programs.ts";
import { stories } from "../src/testing/stories.ts";

const seed = Number(process.env["ONEFOLD_FAULTS_SEED"] ?? Date.now() % 1_000_000);
const noStrace = hasStrace() ? false : "strace is not here, or may not trace";

/** A few at random, as many as seconds allow; all of them: npm run test:faults. */
describe(`a system call that fails, or is the last one (seed ${seed})`, { skip: noStrace }, () => {
  for (const story of stories) {
    test(`in ${story.name} loses nothing, and is made good by the next run`, async () => {
      const calm = await tellCalmly(story);
      const some = inAnyOrder([...deaths(calm), ...failures(calm)], new Chance(seed));
      const { wrong } = await tellWithEach(calm, some, Date.now() + 5_000);

      assert.deepEqual(wrong, []);
    });
  }
});
