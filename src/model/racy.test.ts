import assert from "node:assert/strict";
import { test } from "node:test";
import { isRacy } from "./time.ts";

const second = 1_000_000_000n;
const [began, ended] = [1_000_000, 1_060_000];
const at = (seconds: number) => BigInt(began) * 1_000_000n + BigInt(seconds) * second;
const old = at(-86_400);

test("a file that was written to shortly before it was read, or while it was, may change again and look the same", () => {
  for (const time of [at(-2), at(0), at(30), at(61)]) {
    assert.equal(isRacy(time, old, began, ended), true, `modified ${time}`);
    assert.equal(isRacy(old, time, began, ended), true, `changed ${time}`);
  }
});

test("a file of long ago, or with a time that is still to come, would not look the same after a change", () => {
  for (const time of [old, at(-4), at(64), at(86_400)]) assert.equal(isRacy(time, old, began, ended), false);
});

test("where nobody knows how long reading took, no later time can be told from its end", () => {
  assert.equal(isRacy(at(86_400), old, began, null), true);
});
