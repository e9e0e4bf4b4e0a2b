import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { type Hash, toHash } from "../model/file.ts";
import type { PathText } from "../model/path.ts";
import { byteLength, foldedPath, maxNameBytes } from "./names.ts";
import { type Occupant, type Occupied, settle, settleAsking, type Wanted } from "./settle.ts";

const nothing: Occupied = () => null;
const hashOf = (digit: string) => toHash(digit.repeat(64));

/** Wanted paths in order; the hash of the n-th is the digit n over and over. */
function wants(...paths: string[]): Wanted[] {
  return paths.map((path, key) => ({ key, path: path as PathText, hash8Of: hashOf(String(key % 10)) }));
}

/** An archive that holds these paths; those that end in "/" are folders. */
function holding(...paths: string[]): Map<string, Occupant> {
  return new Map(
    paths.map((path): [string, Occupant] => {
      const folder = path.replace(/\/$/, "") as PathText;
      return [foldedPath(folder), folder === path ? { kind: "file" } : { kind: "folder", path: folder }];
    }),
  );
}

function pathsOf(wanted: readonly Wanted[], archive = new Map<string, Occupant>()): (string | null)[] {
  return settle(wanted, (path) => archive.get(path) ?? null).map((one) => ("path" in one ? one.path : null));
}

describe("settle", () => {
  test("the first comer keeps its plain name, the later one shows its hash", () => {
    assert.deepEqual(settle(wants("2019/a.jpg", "2019/a.jpg"), nothing), [
      { key: 0, path: "2019/a.jpg", because: "free" },
      { key: 1, path: "2019/a~11111111.jpg", because: "name taken" },
    ]);
  });

  test("names that only Windows or macOS take for the same collide, too", () => {
    assert.deepEqual(pathsOf(wants("a.jpg", "A.JPG", "a.jpg.")), ["a.jpg", "A~11111111.JPG", "a.jpg~22222222."]);
  });

  test("what the archive holds came first", () => {
    assert.deepEqual(pathsOf(wants("x/a.jpg"), holding("x/", "x/A.jpg")), ["x/a~00000000.jpg"]);
  });

  test("shows more of the hash when eight digits are taken as well", () => {
    const taken = ["a.jpg", "a~00000000.jpg", `a~${"0".repeat(16)}.jpg`];
    assert.deepEqual(pathsOf(wants("a.jpg"), holding(...taken)), [`a~${"0".repeat(32)}.jpg`]);
    taken.push(`a~${"0".repeat(32)}.jpg`, `a~${"0".repeat(64)}.jpg`);
    assert.deepEqual(pathsOf(wants("a.jpg"), holding(...taken)), [`a~${"0".repeat(64)}~2.jpg`]);
  });

  test("a file gives way to a folder of its name", () => {
    assert.deepEqual(pathsOf(wants("notes/a.txt", "Notes")), ["notes/a.txt", "Notes~11111111"]);
  });

  test("a folder gives way to a file of its name, with all that is in it", () => {
    assert.deepEqual(pathsOf(wants("notes", "notes/a.txt", "Notes/b.txt")), [
      "notes",
      "notes~folder/a.txt",
      "notes~folder/b.txt",
    ]);
  });

  test("a folder in another case is the folder that stands already", () => {
    assert.deepEqual(
      settle(wants("PHOTOS/a.jpg"), (path) => holding("Photos/").get(path) ?? null),
      [{ key: 0, path: "Photos/a.jpg", because: "folder spelled as before" }],
    );
  });

  test("a name that no Linux file system takes is cut and shows its hash", () => {
    const [path] = pathsOf(wants(`${"語".repeat(200)}.jpg`));
    assert.match(path ?? "", /^語+~00000000\.jpg$/);
    assert.ok(byteLength(path ?? "") <= 255);
  });

  test("asks for a hash instead of inventing one", () => {
    const unknown: Wanted = { key: 7, path: "a.jpg" as PathText, hash8Of: null };
    assert.deepEqual(settle([...wants("a.jpg"), unknown], nothing)[1], {
      key: 7,
      needsHash: true,
      because: "name taken",
    });
    assert.deepEqual(settle([unknown], nothing), [{ key: 7, path: "a.jpg", because: "free" }]);
  });

  test("what belongs together keeps one base name", () => {
    const stem = "IMG_1";
    const pair = ["IMG_1.JPG", "IMG_1.MOV", "IMG_1.JPG.xmp"].map(
      (path, key): Wanted => ({ key, path: path as PathText, hash8Of: hashOf("f"), group: 1, stem }),
    );
    assert.deepEqual(pathsOf(pair, holding("img_1.mov")), [
      "IMG_1~ffffffff.JPG",
      "IMG_1~ffffffff.MOV",
      "IMG_1~ffffffff.JPG.xmp",
    ]);
  });

  test("refuses a path that leaves the archive", () => {
    for (const path of ["../a", "a/../b", "a//b", "/a", "", "."])
      assert.throws(() => settle(wants(path), nothing), TypeError);
  });

  test("asks the inventory only for what it needs to know", async () => {
    const archive = holding("x/", "x/a.jpg");
    const asked: string[] = [];
    const settled = await settleAsking(wants("x/a.jpg", "y/a.jpg"), (paths) => {
      asked.push(...paths);
      return Promise.resolve(archive);
    });
    assert.deepEqual(
      settled.map((one) => "path" in one && one.path),
      ["x/a~00000000.jpg", "y/a.jpg"],
    );
    assert.deepEqual(asked.sort(), ["x", "x/a.jpg", "x/a~00000000.jpg", "y", "y/a.jpg"]);
  });
});

const anyPart = fc.oneof(
  fc.constantFrom("a", "A", "a.", "b", "é", "e\u0301", "E\u0301", "ß", "SS", "a~00000000", "a~folder", "\\xff"),
  fc.constantFrom("x".repeat(255), "X".repeat(256), "語".repeat(100)),
);
const anyWanted = fc.array(
  fc.record({
    path: fc.array(anyPart, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/") as PathText),
    hash8Of: fc.constantFrom<Hash | null>(hashOf("0"), hashOf("1"), null),
    group: fc.option(fc.nat(3), { nil: undefined }),
  }),
  { maxLength: 30 },
);
const property = (name: string, holds: (wanted: Wanted[]) => void) =>
  void test(name, () => {
    const keyed = anyWanted.map((all) =>
      all.map(({ group, ...one }, key): Wanted => (group === undefined ? { key, ...one } : { key, group, ...one })),
    );
    fc.assert(fc.property(keyed, holds), { numRuns: 500 });
  });

describe("settle, whatever is wanted", () => {
  property("answers every one, in order, and for the same question the same", (wanted) => {
    const settled = settle(wanted, nothing);
    assert.deepEqual(
      settled.map(({ key }) => key),
      wanted.map(({ key }) => key),
    );
    assert.deepEqual(settle(wanted, nothing), settled);
  });

  property("no two results are the same path to any reader, nor a file and a folder", (wanted) => {
    const paths = pathsOf(wanted).filter((path) => path !== null);
    const files = new Set(paths.map(foldedPath));
    assert.equal(files.size, paths.length);
    for (const path of paths) {
      for (let at = path.indexOf("/"); at !== -1; at = path.indexOf("/", at + 1)) {
        assert.ok(!files.has(foldedPath(path.slice(0, at))), `${path} goes through a file`);
      }
    }
  });

  property("a folder is spelled one way only", (wanted) => {
    const spelling = new Map<string, string>();
    for (const path of pathsOf(wanted)) {
      const folder = path?.slice(0, Math.max(0, path.lastIndexOf("/"))) ?? "";
      assert.equal(spelling.get(foldedPath(folder)) ?? folder, folder);
      spelling.set(foldedPath(folder), folder);
    }
  });

  property("every name fits the file system", (wanted) => {
    for (const path of pathsOf(wanted)) {
      assert.ok((path ?? "").split("/").every((part) => byteLength(part) <= maxNameBytes));
    }
  });

  property("the first comer of a fitting name keeps it", (wanted) => {
    const [first] = wanted;
    if (first === undefined || first.group !== undefined || byteLength(first.path) > maxNameBytes) return;
    assert.deepEqual(pathsOf(wanted)[0], first.path);
  });
});
