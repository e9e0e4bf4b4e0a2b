import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { PathText } from "../model/path.ts";
import { compileExclude, parseExclude } from "./exclude.ts";

/** A path that ends in a slash is a folder's. */
function excludes(pattern: string, path: string): boolean {
  const bare = path.replace(/\/$/, "") as PathText;
  return compileExclude([pattern])(bare, bare !== path) !== null;
}

const cases: Record<string, { yes: string[]; no: string[] }> = {
  "*.tmp": { yes: ["a.tmp", "x/y/a.tmp", "x.tmp/", "x.tmp/a", ".tmp"], no: ["a.TMP", "a.tmp2", "atmp"] },
  "**/cache/**": {
    yes: ["cache/", "cache/a", "x/cache/", "x/cache/y/a"],
    no: ["cache", "x/cache", "x/caches/", "mycache/a"],
  },
  "private/": {
    yes: ["private/", "private/a", "x/private/", "x/private/a"],
    no: ["private", "x/private", "privates/a"],
  },
  "/private/": { yes: ["private/", "private/a"], no: ["x/private/", "private"] },
  "a/b": { yes: ["a/b", "a/b/", "a/b/c"], no: ["x/a/b", "a/bc", "a"] },
  "a/**": { yes: ["a/", "a/b", "a/b/c"], no: ["a", "x/a/", "ab/c"] },
  "a/**/z": { yes: ["a/z", "a/b/z", "a/b/c/z/y"], no: ["a/bz", "z"] },
  "a/**/b/**/c": { yes: ["a/b/c", "a/b/b/c", "a/x/b/y/c"], no: ["a/c", "a/b/xc"] },
  "a/*/c": { yes: ["a/b/c"], no: ["a/c", "a/b/b/c"] },
  "IMG_????.JPG": { yes: ["IMG_0001.JPG", "x/IMG_ä\\xff日1.JPG"], no: ["IMG_001.JPG", "IMG_00/1.JPG"] },
  "[a-c]*.txt": { yes: ["b.txt", "x/cc.txt"], no: ["d.txt", "B.txt"] },
  "[!a]": { yes: ["b", "é"], no: ["a", "bb"] },
  "a+(b).txt": { yes: ["a+(b).txt"], no: ["aab.txt"] },
  "*.*.*": { yes: ["a.b.c", "..."], no: ["a.b"] },
  "a*b*c": { yes: ["abc", "aXbXbc", "abcbc"], no: ["acb", "abcd"] },
  "*f": { yes: ["of", "f"], no: ["\\xff"] },
};

describe("exclude", () => {
  for (const [pattern, { yes, no }] of Object.entries(cases)) {
    for (const path of yes) test(`${pattern} excludes ${path}`, () => assert.ok(excludes(pattern, path)));
    for (const path of no) test(`${pattern} leaves ${path}`, () => assert.ok(!excludes(pattern, path)));
  }

  test("the source itself is never excluded", () => assert.ok(!excludes("x", "")));

  test("says which pattern it was", () => {
    assert.equal(compileExclude(["*.tmp", "private/"])("private/a.jpg" as PathText), "private/");
  });

  test("refuses a pattern that is none", () => {
    assert.throws(() => compileExclude(["a[b"]), TypeError);
  });

  test("many stars do not make it slow", () => {
    const slow = compileExclude([`**/${"*a".repeat(30)}*b/**/${"*c".repeat(20)}x/**/y`]);
    const path = `${"a".repeat(250)}/${"ab".repeat(120)}/`.repeat(8) as PathText;
    const start = process.hrtime.bigint();
    slow(path, true);
    assert.ok(process.hrtime.bigint() - start < 200_000_000n);
  });

  test("agrees with a matcher that tries everything", () => {
    const anyGlob = fc.array(fc.constantFrom("a", "b", "*", "?", "/", "**/", "/**/"), { minLength: 1, maxLength: 9 });
    const anyPath = fc.array(fc.constantFrom("a", "b", "ab", "ba", "aab"), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(anyGlob, anyPath, (pieces, path) => {
        const pattern = `/${pieces.join("")}`.replace(/\/+/g, "/");
        if (typeof parseExclude(pattern) === "string") return;
        const parts = pattern.slice(1).replace(/\/$/, "").split("/");
        const foldersOnly = /\/(\*\*)?$/.test(pattern);
        const expected = path.some((_, n) => {
          if (foldersOnly && n === path.length - 1) return false;
          return slowMatch(foldersOnly ? dropEnd(parts) : parts, path.slice(0, n + 1));
        });
        assert.equal(compileExclude([pattern])(path.join("/") as PathText) !== null, expected, pattern);
      }),
      { numRuns: 5000 },
    );
  });
});

function dropEnd(parts: readonly string[]): readonly string[] {
  return parts.at(-1) === "**" ? dropEnd(parts.slice(0, -1)) : parts;
}

function slowMatch(parts: readonly string[], path: readonly string[]): boolean {
  const [part, ...rest] = parts;
  if (part === undefined) return path.length === 0;
  if (part === "**") return slowMatch(rest, path) || (path.length > 0 && slowMatch(parts, path.slice(1)));
  const [name, ...below] = path;
  return name !== undefined && slowName(part, name) && slowMatch(rest, below);
}

function slowName(part: string, name: string): boolean {
  if (part === "") return name === "";
  if (part[0] === "*") return slowName(part.slice(1), name) || (name !== "" && slowName(part, name.slice(1)));
  return name !== "" && (part[0] === "?" || part[0] === name[0]) && slowName(part.slice(1), name.slice(1));
}

describe("parseExclude says what is wrong", () => {
  const wrong: Record<string, RegExp> = {
    "": /empty/,
    "**": /everything/,
    "*": /everything/,
    "**/*": /everything/,
    "!keep": /exceptions/,
    "a//b": /two slashes/,
    "../a": /`\.\.`/,
    "./a": /`\.`/,
    "a**b": /stand alone/,
    "a[b": /without its/,
    "[z-a]": /set that is none/,
  };
  for (const [pattern, problem] of Object.entries(wrong)) {
    test(`of "${pattern}"`, () => assert.match(String(parseExclude(pattern)), problem));
  }
});
