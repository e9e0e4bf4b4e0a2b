import assert from "node:assert/strict";
import { test } from "node:test";
import { categoryOf, extensionOf, isDatedSidecar, isRaw, isSidecar } from "./category.ts";

test("a file is sorted by the end of its name", () => {
  const expected = {
    "IMG_1.JPG": "photo",
    "a.b.heic": "photo",
    "DSC_1.NEF": "photo",
    "x.mov": "video",
    "00001.MTS": "video",
    "song.mp3": "audio",
    "IMG_1.jpg.xmp": "other",
    "letter.doc": "other",
    "program.data": "other",
    jpg: "other",
    ".jpg": "other",
    "folder.jpg/readme": "other",
    "caf\\xe9.jpg": "photo",
    "": "other",
  };
  for (const [name, category] of Object.entries(expected)) assert.equal(categoryOf(name), category, name);
});

test("RAW files and sidecars are told apart from pictures", () => {
  assert.ok(isRaw("a.CR2") && !isRaw("a.jpg"));
  assert.ok(isSidecar("a.jpg.xmp") && isSidecar("IMG_1.AAE") && !isSidecar("a.jpg"));
  assert.ok(isDatedSidecar("a.jpg.json") && !isDatedSidecar("IMG_1.AAE"));
  assert.equal(extensionOf("archive.tar.GZ"), "gz");
});
