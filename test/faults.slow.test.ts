/**
 * Lets commands die, and their system calls fail, at every place where they can: it takes long. ONEFOLD_FAULTS_MINUTES
 * ends it earlier, after a sample in which every kind of call comes first.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Chance } from "../src/testing/chance.ts";
import { type CalmTelling, tellCalmly } from "../src/testing/misfortune.ts";
import { deaths, failures, inAnyOrder, lies, type Misfortune, tellWithEach } from "../src/testing/misfortunes.ts";
import { kindOf } from "../src/testing/points.ts";
import { hasStrace } from "../src/testing/programs.ts";
import { stories } from "../src/testing/stories.ts";

const noStrace = hasStrace() ? false : "strace is not here, or may not trace";
const limit = process.env["ONEFOLD_FAULTS_MINUTES"];
const end = limit === undefined ? Number.POSITIVE_INFINITY : Date.now() + Number(limit) * 60_000;
const seed = Number(process.env["ONEFOLD_FAULTS_SEED"] ?? Date.now() % 1_000_000);
/** How many tests still want some of the time. */
let waiting = 3 * stories.length;

for (const story of stories) {
  describe(`${story.name} (seed ${seed})`, { skip: noStrace }, () => {
    let told: Promise<CalmTelling> | undefined;

    const survives = async (what: (calm: CalmTelling) => Misfortune[]) => {
      told ??= tellCalmly(story);
      const calm = await told;
      const misfortunes = inAnyOrder(what(calm), new Chance(seed));
      const until = Date.now() + (end - Date.now()) / waiting--;
      const { tried, befell, kinds, wrong } = await tellWithEach(calm, misfortunes, until);
      const all = new Set(misfortunes.map(({ point }) => kindOf(point)));
      console.log(
        `${story.name}, ${what.name}: ${befell} happened of ${tried} tried of ${misfortunes.length} possible; ` +
          `${kinds.size} of ${all.size} kinds of calls on kinds of files`,
      );
      assert.deepEqual(wrong, []);
      // A call may come at another place in a run; of a few tries one may miss.
      assert.ok(befell >= tried * 0.8 - 1, `of ${tried} only ${befell} happened`);
    };

    test("killed at any system call and begun again: the same archive, and nothing left behind", () =>
      survives(deaths));

    test("a call that fails, once or ever after, ends as the manual says; the next run makes it good", () =>
      survives(failures));

    test("a disk that lies about what it has written is found out", () => survives(lies));
  });
}
