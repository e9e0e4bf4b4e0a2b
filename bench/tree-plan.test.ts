import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { temporaryFolder } from "../src/testing/folder.ts";
import { plannedFiles, sharedHead, type TreeSpec, truthOf, uniquePaths } from "./tree-plan.ts";
import { writeTree } from "./write-tree.ts";

const spec: TreeSpec = {
  ...{ name: "tree", seed: 7, files: 450, duplicates: 0.3, likeHeads: 0.1, hardLinks: 0.03, sparse: 0.1, photos: true },
  size: { kind: "lognormal", median: 40_000, sigma: 1, least: 1000, most: 300_000 },
};

describe("a planned tree", () => {
  test("is the same every time, and another one with another seed", () => {
    assert.deepEqual([...plannedFiles(spec)], [...plannedFiles(spec)]);
    assert.notDeepEqual([...plannedFiles(spec)], [...plannedFiles({ ...spec, seed: 8 })]);
  });

  test("has about what it was to have", () => {
    const files = [...plannedFiles(spec)];
    const share = (fits: (file: (typeof files)[number]) => boolean) => files.filter(fits).length / files.length;
    assert.ok(Math.abs(share((file) => file.content === null) - 0.1) < 0.05);
    assert.ok(Math.abs(truthOf(spec).surplus / spec.files - 0.3) < 0.05);
    assert.ok(share((file) => file.headOf !== null) > 0.03);
    assert.ok(share((file) => file.linkTo !== null) > 0.005);
  });

  test("on the disk holds what the truth says, byte for byte", async () => {
    await using folder = await temporaryFolder();
    const { root, truth } = await writeTree(folder.path, spec);
    const onDisk = contentsBelow(root);
    assert.deepEqual(truth, { ...truthOf(spec), ...onDisk });
    assert.equal(uniquePaths(spec).length, truth.files - truth.surplus);
  });

  test("has files that are as long as others and begin like them, and go on differently", async () => {
    await using folder = await temporaryFolder();
    const { root } = await writeTree(folder.path, spec);
    const files = [...plannedFiles(spec)];
    const like = files.find(({ headOf }) => headOf !== null);
    const other = files.find(({ index }) => index === like?.headOf);
    const [one, two] = [like, other].map((file) => readFileSync(join(root, file?.path ?? "")));
    assert.equal(one?.length, two?.length);
    assert.deepEqual(one?.subarray(0, sharedHead), two?.subarray(0, sharedHead));
    assert.notDeepEqual(one, two);
  });
});

/** Found by reading everything. */
function contentsBelow(root: string) {
  const names = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const groups = new Map<string, { size: number; inodes: Set<number> }>();
  const inodes = new Set<number>();
  for (const { parentPath, name } of names) {
    const path = join(parentPath, name);
    const { ino, size } = lstatSync(path);
    inodes.add(ino);
    const hash = createHash("sha256").update(readFileSync(path)).digest("hex");
    const group = groups.get(hash) ?? { size, inodes: new Set() };
    groups.set(hash, group);
    group.inodes.add(ino);
  }
  const equal = [...groups.values()].filter((group) => group.inodes.size > 1);
  const sum = (of: (group: { size: number; inodes: Set<number> }) => number, all = equal) => {
    return all.reduce((total, group) => total + of(group), 0);
  };
  return {
    files: inodes.size,
    hardLinks: names.length - inodes.size,
    bytes: sum(({ size, inodes: own }) => size * own.size, [...groups.values()]),
    groups: equal.length,
    surplus: sum((group) => group.inodes.size - 1),
    surplusBytes: sum((group) => group.size * (group.inodes.size - 1)),
    originalBytes: sum(({ size }) => size),
  };
}
