import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { growthExponent, median, ratioOf } from "./statistics.ts";

describe("the median", () => {
  test("is the one in the middle, however they stand", () => assert.equal(median([3, 1, 100]), 3));
  test("of an even number is half way between two", () => assert.equal(median([1, 2, 4, 100]), 3));
  test("of nothing is an error", () => assert.throws(() => median([]), RangeError));
});

describe("a ratio", () => {
  test("is that of the medians, its spread that of the rounds", () => {
    // The machine was half as fast in the second round: the ratio is the same.
    assert.deepEqual(ratioOf([1, 2, 1], [2, 4, 2]), { ratio: 0.5, low: 0.5, high: 0.5 });
    assert.deepEqual(ratioOf([1, 3, 2], [1, 1, 1]), { ratio: 2, low: 1, high: 3 });
  });

  test("of one that ran in fewer rounds has the spread of those", () => {
    assert.deepEqual(ratioOf([8], [2, 1, 4]), { ratio: 4, low: 4, high: 4 });
  });
});

test("growth is told as a power", () => {
  assert.equal(growthExponent({ files: 10, seconds: 1 }, { files: 1000, seconds: 100 }), 1);
  assert.equal(growthExponent({ files: 10, seconds: 1 }, { files: 100, seconds: 100 }), 2);
});
