import assert from "node:assert/strict";
import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { chmod, rename, symlink } from "node:fs/promises";
import { describe, test } from "node:test";
import fc from "fast-check";
import { type PathText, systemPath } from "../model/path.ts";
import { layOut, type Tree } from "../testing/tree.ts";
import { openInPlace } from "./open-file.ts";
import { OpenFolders } from "./open-folders.ts";

const isRoot = process.getuid?.() === 0;
const heldFiles = () => readdirSync("/proc/self/fd").length;

describe("a held folder", () => {
  test("stays the one it was when a link takes its place, or that of one above it", async () => {
    await using disk = await layOut({ a: { b: { c: { x: "mine" } } }, other: { b: { c: { x: "theirs" } } } });
    for (const exchanged of ["a/b/c", "a/b", "a"]) {
      using folders = new OpenFolders();
      folders.path(disk.path("a/b/c/x"));
      await rename(disk.path(exchanged), disk.path("away"));
      await symlink(disk.path("other"), disk.path(exchanged));

      assert.equal(readFileSync(systemPath(folders.path(disk.path("a/b/c/x"))), "utf8"), "mine");
      using fresh = new OpenFolders();
      assert.throws(() => fresh.path(`${disk.path(exchanged)}/b/c/x` as PathText), { code: "ENOTDIR" });
      await rename(disk.path(exchanged), disk.path(`link ${exchanged.length}`));
      await rename(disk.path("away"), disk.path(exchanged));
    }
  });

  test("need only be passable, not readable", { skip: isRoot && "root may read all" }, async () => {
    await using disk = await layOut({ closed: { x: "mine" } });
    await chmod(disk.path("closed"), 0o100);
    using folders = new OpenFolders();
    const path = systemPath(folders.path(disk.path("closed/x")));
    await chmod(disk.path("closed"), 0o700);

    assert.equal(readFileSync(path, "utf8"), "mine");
  });
});

test("a link is opened neither at the end of a path nor in the middle, except above the root", async () => {
  await using disk = await layOut({ a: { x: "mine" } });
  await symlink(disk.path("a"), disk.path("link"));
  await symlink(disk.path("a/x"), disk.path("a/y"));
  using all = new OpenFolders();
  using below = new OpenFolders(disk.path("link"));

  assert.throws(() => openInPlace(disk.path("link/x"), all), { code: "ENOTDIR" });
  assert.throws(() => openInPlace(disk.path("a/y"), all), { code: "ELOOP" });
  using file = openInPlace(disk.path("link/x"), below);
  assert.equal(readFileSync(file.fd, "utf8"), "mine");
  assert.throws(() => below.path(disk.path("a/x")), TypeError);
});

describe("folders in which names change", () => {
  test("stay the ones they were, however many there are, until they are let go", async () => {
    const names = Array.from({ length: 100 }, (_, n) => `${n}`);
    await using disk = await layOut({ root: Object.fromEntries(names.map((name) => [name, { x: name }])) });
    using folders = new OpenFolders(disk.path("root"), "changing");
    for (const name of names) folders.path(disk.path(`root/${name}/x`));
    await rename(disk.path("root/0"), disk.path("away"));
    await symlink(disk.path("root/1"), disk.path("root/0"));

    assert.equal(readFileSync(systemPath(folders.path(disk.path("root/0/x"))), "utf8"), "0");
    folders.release(disk.path("root/0"));
    assert.throws(() => folders.path(disk.path("root/0/x")), { code: "ENOTDIR" });
  });

  test("have a root that is no link", async () => {
    await using disk = await layOut({ a: { x: "mine" } });
    await symlink(disk.path("a"), disk.path("link"));
    using folders = new OpenFolders(disk.path("link"), "changing");
    assert.throws(() => folders.path(disk.path("link/x")), { code: "ENOTDIR" });
  });

  test("must be readable, since they must be flushed", { skip: isRoot && "root may read all" }, async () => {
    await using disk = await layOut({ closed: { x: "mine" } });
    await chmod(disk.path("closed"), 0o300);
    using folders = new OpenFolders(disk.path("closed"), "changing");
    assert.throws(() => folders.path(disk.path("closed/x")), { code: "EACCES" });
    await chmod(disk.path("closed"), 0o700);
  });
});

test("any path finds the file that it names, and nothing stays open afterwards", async () => {
  const name = fc.constantFrom("a", "b", "\\xff", "two\\x0alines", "é", " ");
  const path = fc.array(name, { minLength: 1, maxLength: 90 });
  await fc.assert(
    fc.asyncProperty(fc.array(path, { minLength: 1, maxLength: 4 }), async (paths) => {
      // Folders have a mark, so that no file takes the place of one.
      const tree = paths.reduce<Tree>((all, parts) => merged(all, parts.join("/d/").split("/").slice(0, 120)), {});
      await using disk = await layOut(tree);
      const before = heldFiles();
      {
        using folders = new OpenFolders();
        for (const parts of paths) {
          const full = disk.path(`${parts.join("/d/").split("/").slice(0, 120).join("/")}.file`);
          assert.equal(lstatSync(systemPath(folders.path(full)), { throwIfNoEntry: false })?.isFile(), true, full);
          assert.ok(heldFiles() < before + 70);
        }
      }
      assert.equal(heldFiles(), before);
    }),
    { numRuns: 15, endOnFailure: true },
  );
});

/** The tree with one more file, "LAST.file", at the given path. */
function merged(tree: Tree, [first = "", ...rest]: readonly string[]): Tree {
  if (rest.length === 0) return { ...tree, [`${first}.file`]: "x" };
  const below = tree[first];
  return { ...tree, [first]: merged(typeof below === "object" ? (below as Tree) : {}, rest) };
}
