import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Chance } from "../src/testing/chance.ts";
import { tellCalmly } from "../src/testing/misfortune.ts";
import { deaths, failures, inAnyOrder, type Misfortune, tellWithEach } from "../src/testing/misfortunes.ts";
import { hasStrace } from "../src/testing/programs.ts";
import { firstRun, stories } from "../src/testing/stories.ts";

const seed = Number(process.env["ONEFOLD_FAULTS_SEED"] ?? Date.now() % 1_000_000);
const noStrace = hasStrace() ? false : "strace is not here, or may not trace";

/** Call, place and error of what was once taken for a bug of the program, or left something behind. */
const once = [
  ["unlink", "lock", "EROFS"],
  ["openat", "marker", "EIO"],
  ["statfs", "folder of the archive", "EIO"],
  ["write", "journal", "EDQUOT"],
  ["statx", "folder of a source", "ESTALE"],
] as const;

describe("a system call that fails, or is the last one", { skip: noStrace }, () => {
  const chance = new Chance(seed);
  const story = chance.oneOf(stories);

  /** A few at random, as many as seconds allow; all of them: npm run test:faults. */
  test(`in ${story.name} loses nothing, and is made good by the next run (seed ${seed})`, async () => {
    const calm = await tellCalmly(story);
    const some = inAnyOrder([...deaths(calm), ...failures(calm)], chance);

    assert.deepEqual((await tellWithEach(calm, some, Date.now() + 5_000)).wrong, []);
  });

  test("is told as what it is", async () => {
    const calm = await tellCalmly(firstRun);
    const known = failures(calm).filter(isKnown);

    assert.equal(known.length, once.length);
    assert.deepEqual((await tellWithEach(calm, known)).wrong, []);
  });
});

function isKnown({ point, effect }: Misfortune): boolean {
  if (effect.do !== "fail" || !effect.onward) return false;
  return once.some(([call, place, error]) => call === point.call && place === point.place && error === effect.error);
}
