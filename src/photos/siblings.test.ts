import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { Rung, type WallClock } from "../model/evidence.ts";
import type { PathText } from "../model/path.ts";
import { type Sibling, siblingDates } from "./siblings.ts";

type Folder = Readonly<Record<string, string | null>>;

/** name → "2008-07-01T10:00:00" or "…, camera", or null where nothing is known. */
function files(folder: Folder): Sibling[] {
  return Object.entries(folder).map(([name, known], key) => {
    const [at = "", camera] = known?.split(", ") ?? [];
    const dates = [{ at: at as WallClock, zone: "local", rung: Rung.exifOriginal, from: "test" }];
    const evidence = known === null ? null : { dates, ...(camera === undefined ? {} : { camera }) };
    return { key, name: name as PathText, evidence };
  });
}

function guesses(folder: Folder): Record<string, string> {
  const names = Object.keys(folder);
  return Object.fromEntries([...siblingDates(files(folder))].map(([key, { at }]) => [names[key] ?? "", at]));
}

const july = "2008-07-12T10:00:00";
const august = "2008-08-01T10:00:00";

describe("the month of a file between its neighbours", () => {
  test("is theirs, if they agree", () => {
    assert.deepEqual(guesses({ "IMG_0040.JPG": july, "IMG_0042.AVI": null, "IMG_0045.JPG": july }), {
      "IMG_0042.AVI": "2008-07",
    });
    assert.deepEqual(guesses({ "IMG_0040.JPG": july, "IMG_0042.AVI": null, "IMG_0045.JPG": august }), {});
  });

  test("is unknown far away from them, on one side only close by", () => {
    assert.deepEqual(guesses({ "IMG_0040.JPG": july, "IMG_0099.JPG": null, "IMG_0200.JPG": july }), {});
    assert.deepEqual(guesses({ "IMG_0040.JPG": july, "IMG_0043.JPG": null, "IMG_0044.JPG": null }), {
      "IMG_0043.JPG": "2008-07",
    });
  });

  test("is not told by other series or other cameras", () => {
    assert.deepEqual(guesses({ "IMG_0040.JPG": july, "DSC_0041.JPG": null, "IMG_041.JPG": null }), {});
    assert.deepEqual(guesses({ "IMG_0040.JPG": `${july}, A`, "IMG_0041.JPG": null, "IMG_0042.JPG": `${july}, B` }), {});
  });

  test("is never guessed for dated files, and always one that a file has", () => {
    const entry = fc.tuple(
      fc.integer({ min: 0, max: 60 }).map((n) => `IMG_${String(n).padStart(4, "0")}.JPG`),
      fc.constantFrom(null, july, august, `${july}, A`),
    );
    fc.assert(
      fc.property(fc.uniqueArray(entry, { selector: ([name]) => name }), (entries) => {
        const folder = Object.fromEntries(entries);
        for (const [name, month] of Object.entries(guesses(folder))) {
          assert.equal(folder[name], null);
          assert.ok(Object.values(folder).some((known) => known?.startsWith(month)));
        }
      }),
    );
  });
});
