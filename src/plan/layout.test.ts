import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { WallClock } from "../model/evidence.ts";
import type { SourceName } from "../model/file.ts";
import { type PathText, pathText } from "../model/path.ts";
import { type Layout, type LayoutFacts, parseLayout, place } from "./layout.ts";

function layout(template: string): Layout {
  const parsed = parseLayout(template);
  assert.ok(typeof parsed !== "string", String(parsed));
  return parsed;
}

interface Remarkable {
  at?: string | null;
  name?: string;
  dir?: string;
}

function facts({ at = "2019-07-04T12:00:00", name = "IMG_1.JPG", dir = "DCIM/100" }: Remarkable = {}): LayoutFacts {
  const source = "nas" as SourceName;
  return { at: at as WallClock | null, name: name as PathText, dir: dir as PathText, source, category: "photo" };
}

const placed = (template: string, remarkable?: Remarkable) => place(layout(template), facts(remarkable));

describe("place", () => {
  test("files a photo under its year and month", () => {
    assert.equal(placed("photos/{yyyy}/{mm}/{name}"), "photos/2019/07/IMG_1.JPG");
  });

  test("a month that no evidence tells is unknown", () => {
    assert.equal(placed("photos/{yyyy}/{mm}/{name}", { at: "2008" }), "photos/2008/unknown/IMG_1.JPG");
    assert.equal(placed("photos/{yyyy}/{mm}/{dd}/{name}", { at: "2008" }), "photos/2008/unknown/IMG_1.JPG");
    assert.equal(placed("photos/{yyyy}/{mm}/{dd}/{name}", { at: "2008-07" }), "photos/2008/07/unknown/IMG_1.JPG");
  });

  test("a file without any date is undated, however many parts ask for one", () => {
    assert.equal(placed("photos/{yyyy}/{mm}/{name}", { at: null }), "photos/undated/IMG_1.JPG");
    assert.equal(placed("{yyyy}/{yyyy}-{mm}/{dd}/{source}/{name}", { at: null }), "undated/nas/IMG_1.JPG");
  });

  test("parts that mix fields tell what is known", () => {
    assert.equal(placed("{yyyy}-{mm}-{dd}/{name}", { at: "2008" }), "2008-unknown/IMG_1.JPG");
    assert.equal(placed("{yyyy}/{yyyy}-{mm}/{name}", { at: "2008" }), "2008/2008-unknown/IMG_1.JPG");
    assert.equal(placed("photos/{yyyy}/{mm}/{dd} {name}", { at: null }), "photos/undated/IMG_1.JPG");
    assert.equal(placed("photos/{yyyy}-{mm}-{dd} {name}", { at: null }), "photos/undated IMG_1.JPG");
  });

  test("everything else keeps its folders, and none is none", () => {
    assert.equal(placed("files/{dir}/{name}", { dir: "Documents/tax" }), "files/Documents/tax/IMG_1.JPG");
    assert.equal(placed("files/{dir}/{name}", { dir: "" }), "files/IMG_1.JPG");
  });

  test("knows the other fields", () => {
    assert.equal(placed("{category}/{yy}/{stem} ({source}).{ext}"), "photo/19/IMG_1 (nas).JPG");
  });

  test("a name taken apart comes together again, with or without extension", () => {
    for (const name of ["a.jpg", "README", ".profile", "a.", "...", "a..b"]) {
      assert.equal(placed("x/{stem}.{ext}", { name }), `x/${name}`);
    }
  });

  test("a folder of a source cannot pass for one of onefold's own", () => {
    assert.equal(placed("{dir}/{name}", { dir: "By-Source/usb" }), "_By-Source/usb/IMG_1.JPG");
    assert.equal(placed("{dir}/{name}", { dir: "", name: ".onefold" }), "_.onefold");
    assert.equal(placed("files/{dir}/{name}", { dir: "by-source" }), "files/by-source/IMG_1.JPG");
  });

  test("the default layouts never lead out of the archive and always end in the name", () => {
    const anyName = fc
      .uint8Array({ minLength: 1, maxLength: 20 })
      .map((bytes) => pathText(bytes.map((byte) => (byte === 0 || byte === 0x2f ? 0x2e : byte))))
      .filter((name) => name !== "." && name !== "..");
    const anyPlace = fc.record({
      name: anyName,
      dir: fc.array(fc.oneof(anyName, fc.constantFrom("..", ".", "", "by-source"))).map((parts) => parts.join("/")),
      at: fc.constantFrom(null, "2008", "2008-07", "2008-07-12", "2008-07-12T14:03:11"),
    });
    const templates = ["photos/{yyyy}/{mm}/{name}", "audio/{dir}/{name}", "{dir}/{name}", "{yyyy}/{dir}/{stem}.{ext}"];
    fc.assert(
      fc.property(fc.constantFrom(...templates), anyPlace, (template, remarkable) => {
        const path = placed(template, remarkable);
        const parts = path.split("/");
        assert.ok(!parts.some((part) => part === "" || part === "." || part === ".."), path);
        assert.ok(path.endsWith(remarkable.name));
        assert.ok(!["by-source", ".onefold"].includes(parts[0] ?? ""));
      }),
    );
  });
});

describe("parseLayout says what is wrong", () => {
  const wrong: Record<string, RegExp> = {
    "": /empty/,
    "/photos/{name}": /slash/,
    "photos/../{name}": /folder "\.\."/,
    "photos//{name}": /empty folder/,
    "photos/{name}/": /empty folder/,
    "by-source/{name}": /by-source/,
    ".Onefold/{name}": /onefold itself/,
    "photos/{year}/{name}": /\{year\}.*\{yyyy\}/,
    "photos/{yyyy/{name}": /without its counterpart/,
    "photos/{yyyy}": /must end in \{name\}/,
    "photos/{stem}": /must end in \{name\}/,
    "photos/{stem}{ext}": /must end in \{name\}/,
    "photos/{name}.bak": /must end in \{name\}/,
    "{name}/{name}": /only behind the last slash/,
    "x-{dir}/{name}": /\{dir\}/,
    "a\\b/{name}": /backslash/,
  };
  for (const [template, problem] of Object.entries(wrong)) {
    test(`of "${template}"`, () => assert.match(String(parseLayout(template)), problem));
  }
});
