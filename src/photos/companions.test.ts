import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { categoryOf } from "../model/category.ts";
import { type Evidence, Rung, type WallClock } from "../model/evidence.ts";
import type { PathText } from "../model/path.ts";
import type { EpochNs } from "../model/time.ts";
import { companions, type FolderFile, lentEvidence } from "./companions.ts";

interface Remarkable {
  readonly at?: string;
  readonly zone?: string;
  readonly pairId?: string;
  readonly mtime?: number;
  readonly type?: string;
  readonly camera?: string;
}

function files(folder: Readonly<Record<string, Remarkable>>): FolderFile[] {
  return Object.entries(folder).map(([name, { at, zone = "local", mtime, ...rest }], key) => {
    const rung = zone === "utc" ? Rung.quicktimeUtc : Rung.exifOriginal;
    const dates = at === undefined ? [] : [{ at: at as WallClock, zone, rung, from: "test" }];
    const evidence: Evidence | null = at === undefined && Object.keys(rest).length === 0 ? null : { dates, ...rest };
    const modified = BigInt(mtime ?? key * 100) * 1_000_000_000n;
    return { key, name: name as PathText, category: categoryOf(name), modified: modified as EpochNs, evidence };
  });
}

/** member → "main (role)" */
function ties(folder: Readonly<Record<string, Remarkable>>): Record<string, string> {
  const all = files(folder);
  const name = (key: number) => all[key]?.name ?? "";
  return Object.fromEntries(companions(all).map(({ member, main, role }) => [name(member), `${name(main)} (${role})`]));
}

const noon = { at: "2019-07-04T12:00:00" };
const nextSecond = { at: "2019-07-04T12:00:01" };
const later = { at: "2021-01-01T08:00:00" };

describe("what belongs together", () => {
  test("RAW and JPEG of one moment; the RAW is the main file", () => {
    assert.deepEqual(ties({ "A.CR2": noon, "A.JPG": nextSecond }), { "A.JPG": "A.CR2 (raw+jpeg)" });
    assert.deepEqual(ties({ "A.CR2": noon, "A.JPG": later }), {});
  });

  test("an unread RAW and its JPEG only if they were written together", () => {
    assert.deepEqual(ties({ "A.X3F": { mtime: 10 }, "A.JPG": { ...noon, mtime: 11 } }), {
      "A.JPG": "A.X3F (raw+jpeg)",
    });
    assert.deepEqual(ties({ "A.X3F": { mtime: 10 }, "A.JPG": { ...noon, mtime: 99 } }), {});
  });

  test("a photo and a film that only share their name do not", () => {
    assert.deepEqual(ties({ "IMG_1.JPG": noon, "IMG_1.MOV": later }), {});
    assert.deepEqual(ties({ "IMG_1.JPG": noon, "IMG_1.MOV": {} }), {});
  });

  test("a Live Photo, by identifier under any name, or by name and moment", () => {
    const id = { pairId: "X-1" };
    assert.deepEqual(ties({ "a.heic": { ...noon, ...id }, "b.mov": { ...later, ...id } }), {
      "b.mov": "a.heic (live-photo)",
    });
    assert.deepEqual(ties({ "a.heic": noon, "a.mov": noon }), { "a.mov": "a.heic (live-photo)" });
    assert.deepEqual(ties({ "a.heic": noon, "a_HEVC.mov": noon }), { "a_HEVC.mov": "a.heic (live-photo)" });
    assert.deepEqual(ties({ "a.heic": { ...noon, pairId: "1" }, "a.mov": { ...noon, pairId: "2" } }), {});
  });

  test("a film whose clock is UTC, in whole quarters of an hour", () => {
    const utc = (at: string) => ({ at, zone: "utc" });
    assert.deepEqual(ties({ "a.jpg": noon, "a.mp4": utc("2019-07-04T10:00:01") }), { "a.mp4": "a.jpg (live-photo)" });
    assert.deepEqual(ties({ "a.jpg": noon, "a.mp4": utc("2019-07-04T10:07:00") }), {});
  });

  test("sidecars by name; with RAW and JPEG `name.xmp` is the RAW's", () => {
    assert.deepEqual(ties({ "A.jpg": {}, "A.jpg.xmp": {}, "A.xmp": {} }), {
      "A.jpg.xmp": "A.jpg (xmp)",
      "A.xmp": "A.jpg (xmp)",
    });
    assert.deepEqual(ties({ "A.nef": noon, "A.jpg": later, "A.xmp": {}, "A.jpg.xmp": {} }), {
      "A.xmp": "A.nef (xmp)",
      "A.jpg.xmp": "A.jpg (xmp)",
    });
    assert.deepEqual(ties({ "A.jpg": noon, "A.png": later, "A.xmp": {} }), {});
    assert.deepEqual(ties({ "IMG_1.HEIC": {}, "IMG_O1.AAE": {}, "IMG_1.AAE": {} }), {
      "IMG_O1.AAE": "IMG_1.HEIC (aae)",
      "IMG_1.AAE": "IMG_1.HEIC (aae)",
    });
    assert.deepEqual(ties({ "MVI_1.AVI": {}, "MVI_1.THM": {}, "GX010001.MP4": {}, "GL010001.LRV": {} }), {
      "MVI_1.THM": "MVI_1.AVI (thumbnail)",
      "GL010001.LRV": "GX010001.MP4 (proxy)",
    });
    assert.deepEqual(
      ties({ "St James.AAE": {}, "notes.txt": {}, "album.xmp": {}, "song.wav": {}, "song.jpg": {} }),
      {},
    );
  });

  test("Takeout: JSON, edited copies and films", () => {
    const folder = {
      "IMG_1.HEIC": {},
      "IMG_1.HEIC.json": {},
      "IMG_1.MP4": {},
      "IMG_1-edited.HEIC": {},
      "x.json": { type: "?" },
    };
    assert.deepEqual(ties(folder), {
      "IMG_1.HEIC.json": "IMG_1.HEIC (takeout)",
      "IMG_1.MP4": "IMG_1.HEIC (live-photo)",
      "IMG_1-edited.HEIC": "IMG_1.HEIC (edit)",
    });
  });

  test("a chain leads to its end: the XMP of an edited JPEG beside a RAW is the RAW's", () => {
    const folder = {
      "IMG_1.DNG": noon,
      "IMG_1.JPG": noon,
      "IMG_E1.JPG": noon,
      "IMG_E1.JPG.xmp": {},
      "IMG_1.MOV": noon,
    };
    assert.deepEqual(new Set(Object.values(ties(folder)).map((tie) => tie.split(" ")[0])), new Set(["IMG_1.DNG"]));
    assert.equal(Object.keys(ties(folder)).length, 4);
  });

  test("an AVI is dated by its THM", () => {
    const all = files({ "MVI_1.AVI": {}, "MVI_1.THM": noon });
    assert.deepEqual(lentEvidence(all, companions(all)).get(0), [all[1]?.evidence]);
  });
});

const stem = fc.constantFrom("IMG_1", "IMG_E1", "IMG_1-edited", "IMG_2", "IMG_2_HEVC", "img_1");
const ending = fc.constantFrom(
  ".jpg",
  ".JPG",
  ".heic",
  ".dng",
  ".cr2",
  ".mov",
  ".mp4",
  ".xmp",
  ".jpg.xmp",
  ".aae",
  ".json",
  ".jpg.json",
  ".thm",
  ".MP",
);
const anyRemarkable = fc.record(
  {
    at: fc.constantFrom(noon.at, nextSecond.at, later.at),
    zone: fc.constantFrom("local", "utc"),
    pairId: fc.constantFrom("1", "2"),
    mtime: fc.constantFrom(1, 2, 50),
    type: fc.constantFrom("takeout", "jpeg"),
  },
  { requiredKeys: [] },
);
const anyFolder = fc
  .uniqueArray(
    fc.tuple(
      fc.tuple(stem, ending).map((parts) => parts.join("")),
      anyRemarkable,
    ),
    { maxLength: 20, selector: ([name]) => name },
  )
  .map((entries) => files(Object.fromEntries(entries)));

describe("whatever a folder holds", () => {
  test("every member has one tie, and its main file is no member", () => {
    fc.assert(
      fc.property(anyFolder, (folder) => {
        const found = companions(folder);
        const members = new Set(found.map(({ member }) => member));
        assert.equal(members.size, found.length);
        assert.ok(found.every(({ main }) => !members.has(main)));
      }),
    );
  });

  test("the order of the files does not matter", () => {
    const sorted = (folder: FolderFile[]) => companions(folder).toSorted((a, b) => a.member - b.member);
    const inTwoOrders = anyFolder.chain((folder) =>
      fc.tuple(fc.constant(folder), fc.shuffledSubarray(folder, { minLength: folder.length })),
    );
    fc.assert(fc.property(inTwoOrders, ([one, other]) => assert.deepEqual(sorted(other), sorted(one))));
  });

  test("photos and films of different moments are never tied, unless by identifier or JSON", () => {
    fc.assert(
      fc.property(anyFolder, (folder) => {
        const byKey = new Map(folder.map((file) => [file.key, file]));
        for (const { member, main, role } of companions(folder)) {
          const [a, b] = [byKey.get(member)?.evidence, byKey.get(main)?.evidence];
          if (role !== "raw+jpeg" || a == null || b == null) continue;
          const [x, y] = [a.dates[0], b.dates[0]];
          if (x !== undefined && y !== undefined && x.zone === y.zone)
            assert.equal(x.at === later.at, y.at === later.at);
        }
      }),
    );
  });

  test("a hundred thousand files take seconds", () => {
    const names = Array.from({ length: 25_000 }, (_, n) => [
      `IMG_${n}.CR2`,
      `IMG_${n}.JPG`,
      `IMG_${n}.MOV`,
      `IMG_${n}.xmp`,
    ]);
    const folder = files(Object.fromEntries(names.flat().map((name) => [name, noon])));
    const begun = process.hrtime.bigint();
    assert.equal(companions(folder).length, 75_000);
    assert.ok(process.hrtime.bigint() - begun < 10_000_000_000n);
  });
});
