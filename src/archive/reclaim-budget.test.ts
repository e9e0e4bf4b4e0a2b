import assert from "node:assert/strict";
import { test } from "node:test";
import { Budget } from "./reclaim-budget.ts";

test("a budget takes what fits, and gets back what did not go", () => {
  const budget = new Budget({ files: 2, bytes: 10 });
  assert.deepEqual(
    [budget.take(11), budget.take(6), budget.take(5), budget.take(4), budget.take(0)],
    [false, true, false, true, false],
  );
  assert.ok(budget.isSpent);
  budget.giveBack(4);
  assert.deepEqual([budget.isSpent, budget.take(4)], [false, true]);
});
