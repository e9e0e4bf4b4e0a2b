import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ProcessTree, parseStat, type Seen } from "./process-tree.ts";

const seen = (pid: number, parent: number, own: number, reaped = 0): Seen => {
  return { pid, parent, own, reaped, started: pid, command: "x" };
};

describe("a line of /proc/PID/stat", () => {
  test("is read although the name holds blanks and brackets", () => {
    const line = "17 (a) b (c) S 5 17 17 0 -1 4194560 1 2 3 4 250 50 30 70 20 0 1 0 12345 1000 200";
    const expected = { pid: 17, parent: 5, started: 12_345, own: 3, reaped: 1, command: "a) b (c" };
    assert.deepEqual(parseStat(line), expected);
  });

  test("of a process that has just ended is none", () => assert.equal(parseStat(""), null));
});

describe("the processor time of a command", () => {
  test("is that of all it has started, and of nobody else", () => {
    const tree = new ProcessTree(1);
    tree.look([seen(1, 0, 1), seen(2, 1, 2), seen(3, 2, 4), seen(9, 0, 100)]);
    assert.equal(tree.cpuSeconds(), 7);
  });

  test("counts a child once, whether it was seen last or its parent has waited for it", () => {
    const tree = new ProcessTree(1);
    tree.look([seen(1, 0, 1), seen(2, 1, 2)]);
    tree.look([seen(1, 0, 1, 2.5)]);
    assert.equal(tree.cpuSeconds(), 3.5);
  });

  test("holds what became an orphan, and what that has started since", () => {
    const tree = new ProcessTree(1);
    tree.look([seen(1, 0, 1), seen(2, 1, 2), seen(3, 2, 4)]);
    tree.look([seen(1, 0, 1, 2), seen(3, 0, 8), seen(4, 3, 16)]);
    assert.equal(tree.cpuSeconds(), 1 + 2 + 8 + 16);
  });

  test("can be told for a part: the topmost of those that are asked for, and all below", () => {
    const tree = new ProcessTree(1);
    tree.look([seen(1, 0, 1), seen(2, 1, 2), seen(3, 2, 4), seen(4, 3, 8)]);
    const isKeeper = (pid: number) => pid === 2 || pid === 3;
    assert.deepEqual(tree.keepers(isKeeper), [2]);
    assert.equal(tree.isBelow(4, isKeeper), true);
    assert.equal(tree.isBelow(1, isKeeper), false);
    assert.equal(tree.cpuSeconds(2), 14);
  });
});
