import assert from "node:assert/strict";
import { test } from "node:test";
import { Chance } from "../src/testing/chance.ts";
import { Life } from "../src/testing/soak.ts";

const minutes = Number(process.env["ONEFOLD_SOAK_MINUTES"] ?? 3);
const seed = Number(process.env["ONEFOLD_SOAK_SEED"] ?? Date.now() % 1_000_000);

test(`nothing is ever lost, whatever people do and however often onefold is killed (seed ${seed})`, async () => {
  const chance = new Chance(seed);
  await using life = await Life.begin(chance);
  const end = Date.now() + minutes * 60_000;
  let rounds = 0;
  try {
    for (; Date.now() < end; rounds++) {
      for (let n = chance.number(6); n > 0; n--) await life.changeSomething();
      for (let n = chance.number(4); n > 0; n--) await life.useOnefold();
      if (chance.happens(20)) await life.tearJournal();
      assert.deepEqual(await life.settle(), []);
      if (chance.happens(20)) assert.equal((await life.readDamagedJournal())?.status ?? 6, 6);
    }
  } catch (error) {
    const before = life.diary.slice(-40).join("\n");
    throw new Error(`in round ${rounds}, seed ${seed}, after\n${before}\n${error}`, { cause: error });
  }
  console.log(`${rounds} rounds, ${life.diary.length} events`);
});
