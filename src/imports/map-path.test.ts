import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { pathText, pathTextOf } from "../model/path.ts";
import { mapPath, parsePathMaps } from "./map-path.ts";

const mapped = (path: string, ...maps: readonly string[]) => mapPath(pathTextOf(path), parsePathMaps(maps));

describe("mapPath", () => {
  test("exchanges a prefix of whole parts", () => {
    assert.equal(mapped("/mnt/user/photos/a.jpg", "/mnt/user=/mnt/nas"), "/mnt/nas/photos/a.jpg");
    assert.equal(mapped("/mnt/user", "/mnt/user=/mnt/nas"), "/mnt/nas");
    assert.equal(mapped("/mnt/user2/a.jpg", "/mnt/user=/mnt/nas"), "/mnt/user2/a.jpg");
    assert.equal(mapped("/other/a.jpg", "/mnt/user=/mnt/nas"), "/other/a.jpg");
  });

  test("takes the longest prefix, in whatever order they stand, and once", () => {
    const maps = ["/a=/x", "/a/b=/y", "/x=/z"];
    assert.equal(mapped("/a/b/c", ...maps), "/y/c");
    assert.equal(mapped("/a/b/c", ...maps.reverse()), "/y/c");
    assert.equal(mapped("/a/c", ...maps), "/x/c");
  });

  test("knows the root on both sides", () => {
    assert.equal(mapped("/a/b", "/=/mnt/old"), "/mnt/old/a/b");
    assert.equal(mapped("/mnt/old/a/b", "/mnt/old=/"), "/a/b");
    assert.equal(mapped("/mnt/old", "/mnt/old=/"), "/");
  });

  test("does not care about slashes too many in the map", () => {
    assert.equal(mapped("/mnt/user/a", "//mnt//user/=/mnt/nas/"), "/mnt/nas/a");
  });

  test("turns paths of Windows around", () => {
    assert.equal(mapped("Z:\\photos\\2019\\a.jpg", "Z:\\photos=/mnt/photos"), "/mnt/photos/2019/a.jpg");
    assert.equal(mapped("Z:\\photos\\a.jpg", "Z:=/mnt/z"), "/mnt/z/photos/a.jpg");
    assert.equal(mapped("Z:\\photos\\a.jpg", "Z:\\=/mnt/z"), "/mnt/z/photos/a.jpg");
    assert.equal(mapped("z:/Photos/A.jpg", "Z:\\photos=/mnt/photos"), "/mnt/photos/A.jpg");
    assert.equal(mapped("\\\\NAS\\photos\\a.jpg", "\\\\nas\\photos=/mnt/photos"), "/mnt/photos/a.jpg");
    assert.equal(mapped("\\\\?\\Z:\\photos\\a.jpg", "Z:\\photos=/mnt/photos"), "/mnt/photos/a.jpg");
    assert.equal(mapped("\\\\?\\UNC\\nas\\photos\\a.jpg", "\\\\nas\\photos=/mnt/photos"), "/mnt/photos/a.jpg");
  });

  test("a path of Windows that nothing maps is none", () => {
    assert.equal(mapped("Z:\\photos2\\a.jpg", "Z:\\photos=/mnt/photos"), null);
    assert.equal(mapped("Z:\\photos\\a.jpg", "/=/mnt"), null);
    assert.equal(mapped("/mnt/photos/a.jpg", "Z:\\photos=/mnt/photos"), "/mnt/photos/a.jpg");
  });

  test("leaves bytes and backslashes in names here alone", () => {
    const path = pathText(Buffer.from("/mnt/user/a\\b\xff", "latin1"));
    assert.equal(mapPath(path, parsePathMaps(["/mnt/user=/mnt/nas"])), "/mnt/nas/a\\x5cb\\xff");
  });

  test("there and back again is the same path", () => {
    const parts = fc.array(fc.stringMatching(/^[a-c]{1,2}$/), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(parts, parts, (from, rest) => {
        const path = `/${[...from, ...rest].join("/")}`;
        const there = mapped(path, `/${from.join("/")}=/elsewhere`);
        assert.equal(there, `/elsewhere/${rest.join("/")}`);
        assert.equal(mapped(there, `/elsewhere=/${from.join("/")}`), path);
      }),
    );
  });
});

describe("parsePathMaps", () => {
  test("divides at the first = before a slash", () => {
    assert.equal(mapped("/a=b/c", "/a=b=/x"), "/x/c");
  });

  for (const [value, problem] of [
    ["/a", /expected FROM=TO/],
    ["=/a", /expected FROM=TO/],
    ["/a=b", /expected FROM=TO/],
    ["a=/b", /FROM is not absolute/],
    ["/a/../b=/c", /"\." and "\.\." are no parts/],
    ["/a=/b/../c", /"\." and "\.\." are no parts/],
    ["Z:\\a\\..=/b", /"\." and "\.\." are no parts/],
  ] as const) {
    test(`refuses ${value}`, () => {
      assert.throws(() => parsePathMaps([value]), { code: "MAP_NOT_UNDERSTOOD", exitCode: 2, message: problem });
    });
  }

  test("refuses two targets for one prefix, and tells all problems at once", () => {
    assert.throws(() => parsePathMaps(["/a=/b", "/a/=/c", "x"]), { message: /expected FROM=TO.*mapped twice/ });
  });
});
