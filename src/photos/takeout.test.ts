import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { takeoutPairs } from "./takeout.ts";

/** Media names that each JSON of a folder describes. */
function pairs(names: readonly string[], titles: Readonly<Record<string, string>> = {}): Record<string, string[]> {
  const files = names.map((name, key) => ({ key, name, title: titles[name] }));
  const isJson = ({ name }: { name: string }) => name.endsWith(".json");
  const found = takeoutPairs(
    files.filter(isJson),
    files.filter((file) => !isJson(file)),
  );
  return Object.fromEntries(found.map(({ json, media }) => [names[json] ?? "", media.map((key) => names[key] ?? "")]));
}

const long = "Screenshot_2022-10-28-09-31-43-118_com.snapchat.jpg";

describe("the JSON of a photo", () => {
  const spellings: readonly (readonly [json: string, media: string])[] = [
    ["IMG.jpg.json", "IMG.jpg"],
    ["IMG.jpg.supplemental-metadata.json", "IMG.jpg"],
    ["IMG_20200101_123456.jpg.supplemental-metad.json", "IMG_20200101_123456.jpg"],
    ["IMG_20200101_123456.jpg.s.json", "IMG_20200101_123456.jpg"],
    ["IMG_20200101_123456.jpg..json", "IMG_20200101_123456.jpg"],
    ["IMG.jpg(1).json", "IMG(1).jpg"],
    ["IMG.jpg.supplemental-metadata(1).json", "IMG(1).jpg"],
    ["IMG.jpg(1).supplemental-metadata.json", "IMG(1).jpg"],
    ["Urlaub in Knaufspesch in der Schneifel (38).JP.json", "Urlaub in Knaufspesch in der Schneifel (38).JPG"],
    [`${long.slice(0, 46)}.json`, long],
    ["img_(87).(vacation stuff).lol.jpg(87).json", "img_(87).(vacation stuff).lol(87).jpg"],
    ["20030616.json", "20030616.jpg"],
    ["IMG_2367.HEIC.json", "IMG_2367.MP4"],
    ["IMG_2367.HEIC.supplemental-metadata.json", "IMG_2367.MP4"],
    ["PXL_20220909_154515546.MP.jpg.json", "PXL_20220909_154515546.MP"],
    ["image-edited.jpg.json", "image-edited.jpg"],
    ["Gru\u0308n.jpg.json", "Grün.jpg"],
    ["img.JPG.json", "img.jpg"],
  ];
  for (const [json, media] of spellings) {
    test(`${json} describes ${media}`, () => assert.deepEqual(pairs([json, media]), { [json]: [media] }));
  }

  test("an edited copy shares the JSON of its original, in any language", () => {
    const edited = ["-edited", "-bearbeitet", "-modifié", "-編集済み", "-effects"].flatMap((mark) => [
      `IMG${mark}.jpg`,
      `IMG${mark.normalize("NFD")}(1).jpg`,
    ]);
    const found = pairs(["IMG.jpg.json", "IMG.jpg", ...edited])["IMG.jpg.json"] ?? [];
    assert.deepEqual(found.toSorted(), ["IMG.jpg", ...new Set(edited)].toSorted());
    assert.deepEqual(pairs(["IMG.jpg.json", "IMG-edited.jpg"]), { "IMG.jpg.json": ["IMG-edited.jpg"] });
  });

  test("a counter keeps edited copies apart", () => {
    const found = pairs(["a.jpg.json", "a.jpg(1).json", "a.jpg", "a(1).jpg", "a-edited.jpg", "a-edited(1).jpg"]);
    assert.deepEqual(found, {
      "a.jpg.json": ["a.jpg", "a-edited.jpg"],
      "a.jpg(1).json": ["a(1).jpg", "a-edited(1).jpg"],
    });
  });

  test("the film of a moving photo shares its JSON", () => {
    const found = pairs(["IMG_1.HEIC.json", "IMG_1.HEIC", "IMG_1.MP4"]);
    assert.deepEqual(found, { "IMG_1.HEIC.json": ["IMG_1.HEIC", "IMG_1.MP4"] });
  });

  test("a cut name that fits two files fits none", () => {
    const stem = "a".repeat(46);
    assert.deepEqual(pairs([`${stem}.json`, `${stem}b.jpg`, `${stem}c.jpg`]), {});
    assert.deepEqual(pairs(["20030616.json", "20030616.jpg", "20030616.png"]), {});
  });

  test("its title is asked last", () => {
    assert.deepEqual(pairs(["x.json", "Foto_1.jpg"], { "x.json": "Foto:1.jpg" }), { "x.json": ["Foto_1.jpg"] });
  });

  test("JSON of something else describes nothing", () => {
    const others = [
      "metadata.json",
      "Metadaten.json",
      "package.json",
      "IMG_1523.jpg.json",
      "IMG_4547.jpg.google_json.json",
    ];
    assert.deepEqual(pairs([...others, "IMG_1.jpg", "wedding.jpg"]), {});
  });
});

describe("whatever names a folder holds", () => {
  const piece = fc.constantFrom(
    "IMG",
    "a",
    "(1)",
    ".jpg",
    ".json",
    ".supplemental-meta",
    "-edited",
    ".MP4",
    ".HEIC",
    "é",
  );
  const anyName = fc.array(piece, { minLength: 1, maxLength: 6 }).map((parts) => parts.join(""));

  test("no photo has two JSON files, and no JSON is named twice", () => {
    fc.assert(
      fc.property(fc.uniqueArray(anyName, { maxLength: 30 }), (names) => {
        const found = pairs(names);
        const media = Object.values(found).flat();
        assert.equal(new Set(media).size, media.length);
        assert.ok(Object.values(found).every((described) => described.length > 0));
      }),
    );
  });

  test("a hundred thousand files take seconds, not hours", () => {
    const names = Array.from({ length: 50_000 }, (_, n) => [
      `${"x".repeat(45)}${n}.jpg`,
      `y${n}.jpg`,
      `y${n}.jpg.json`,
    ]);
    assert.equal(Object.keys(pairs(names.flat())).length, 50_000);
  });
});
