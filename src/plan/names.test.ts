import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { toHash } from "../model/file.ts";
import { type PathText, parsePathText, pathBytes, pathText } from "../model/path.ts";
import {
  byteLength,
  fitFolder,
  fitName,
  foldedKey,
  foldedPath,
  maxNameBytes,
  maxPathBytes,
  withHash8,
} from "./names.ts";

const hash = toHash("0a1b2c3d".repeat(8));

/** Names as disks hold them: any bytes but "/" and NUL. */
const anyName = fc
  .oneof(
    fc.string({ unit: "binary", minLength: 1, maxLength: 300 }).map((text) => new TextEncoder().encode(text)),
    fc.uint8Array({ minLength: 1, maxLength: 300 }),
    fc.constantFrom("é".repeat(200), "日本".repeat(90), `x.${"e".repeat(300)}`).map((text) => Buffer.from(text)),
  )
  .map((bytes) => pathText(bytes.map((byte) => (byte === 0 || byte === 0x2f ? 0x5f : byte))));

describe("foldedKey", () => {
  const same: [string, string, string][] = [
    ["case", "IMG_1.JPG", "img_1.jpg"],
    ["the Unicode form of macOS", "Kre\u0301ta.jpg", "Kr\u00e9ta.jpg"],
    ["the German ß", "Straße", "STRASSE"],
    ["the Turkish ı", "ırmak", "IRMAK"],
    ["the Kelvin sign", "20 \u212a.txt", "20 k.txt"],
    ["the final sigma", "ΟΔΟΣ", "οδος"],
    ["a ligature", "ﬁlm", "FILM"],
    ["dots and spaces that Windows drops", "notes. .", "NOTES"],
  ];
  for (const [what, a, b] of same) test(`ignores ${what}`, () => assert.equal(foldedKey(a), foldedKey(b)));

  test("tells apart what every reader tells apart", () => {
    assert.notEqual(foldedKey("resume"), foldedKey("résumé"));
    assert.notEqual(foldedKey("..a"), foldedKey("a"));
    assert.notEqual(foldedKey("\\xe9"), foldedKey("\\xc9"));
  });

  test("a name of dots alone keeps its dots", () => assert.equal(foldedKey("..."), "..."));

  test("folds a folded key to itself", () => {
    fc.assert(
      fc.property(anyName, (name) => assert.equal(foldedKey(foldedKey(name)), foldedKey(name))),
      { numRuns: 1000 },
    );
  });

  test("treats upper and lower case of any letter alike", () => {
    for (let point = 0x21; point < 0x1_f000; point++) {
      if (point >= 0xd800 && point < 0xe000) continue;
      const letter = `x${String.fromCodePoint(point)}x`;
      const key = foldedKey(letter);
      const forms = [letter.toUpperCase(), letter.toLowerCase(), letter.normalize("NFD"), key];
      // İ has no lower case of one letter, and ẞ's pair differs by reader: both fold to something stable all the same.
      for (const form of forms) assert.equal(foldedKey(form), key, `U+${point.toString(16)}`);
    }
  });

  test("folds each part of a path by itself", () => assert.equal(foldedPath("Photos./A b /C.JPG"), "photos/a b/c.jpg"));
});

describe("withHash8", () => {
  test("puts eight digits before the extension", () => {
    assert.equal(withHash8("IMG_1.jpg" as PathText, hash), "IMG_1~0a1b2c3d.jpg");
    assert.equal(withHash8(".profile" as PathText, hash), ".profile~0a1b2c3d");
  });

  test("cuts the stem of a long name, not its extension", () => {
    const name = withHash8(`${"é".repeat(125)}.jpg` as PathText, hash);
    assert.equal(name, `${"é".repeat(121)}~0a1b2c3d.jpg`);
  });

  test("takes an endless extension for part of the name", () => {
    assert.match(withHash8(`a.${"b".repeat(250)}` as PathText, hash), /^a\.b{244}~0a1b2c3d$/);
  });

  test("fits, is exact text of bytes, and ends as the name does", () => {
    fc.assert(
      fc.property(anyName, (name) => {
        const marked = withHash8(name, hash);
        assert.ok(pathBytes(marked).length <= maxNameBytes);
        assert.equal(parsePathText(marked), marked);
        assert.ok(marked.includes("~0a1b2c3d"));
      }),
    );
  });
});

describe("fitName and fitFolder", () => {
  test("a name that fits stays as it is", () => {
    const name = "é".repeat(127) as PathText;
    assert.equal(fitName(name, "~0a1b2c3d"), name);
    assert.equal(byteLength(fitName(`${name}é` as PathText, "~0a1b2c3d")), 255);
  });

  test("a byte that is no text counts as one byte", () => {
    const name = "\\xff".repeat(255) as PathText;
    assert.equal(fitName(name, "~0a1b2c3d"), name);
  });

  test("ordinary folders stay as they are", () =>
    assert.equal(fitFolder("files/Tax/2019" as PathText), "files/Tax/2019"));

  test("folders too long together end in one that stands for the rest", () => {
    const deep = (end: string) => fitFolder(`files/${"folder with a name/".repeat(300)}${end}` as PathText);
    assert.match(deep("a"), /^files\/(?:folder with a name\/)+~[0-9a-f]{13}$/);
    assert.equal(deep("a"), deep("a"));
    assert.notEqual(deep("a"), deep("b"));
  });

  test("any folder fits and leaves room for a name", () => {
    fc.assert(
      fc.property(fc.array(anyName, { minLength: 1, maxLength: 60 }), (parts) => {
        const folder = fitFolder(parts.join("/") as PathText);
        assert.ok(byteLength(folder) <= maxPathBytes - 256);
        assert.ok(folder.split("/").every((part) => byteLength(part) <= maxNameBytes));
      }),
    );
  });
});
