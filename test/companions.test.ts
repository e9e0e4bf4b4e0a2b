import assert from "node:assert/strict";
import { test } from "node:test";
import { blake3 } from "@napi-rs/blake-hash";
import { household } from "../src/testing/household.ts";
import { aPhoto } from "../src/testing/media.ts";
import { fileFrom } from "../src/testing/tree.ts";

const july2019 = 1_563_099_300n * 1_000_000_000n;
const march2020 = 1_583_020_800n * 1_000_000_000n;
const at = (content: string, modified = july2019) => fileFrom(modified, content);
const hash8 = (content: string | Buffer) => blake3(content).toString("hex").slice(0, 8);

test("RAW, JPEG and their sidecars stay together under one base name", async () => {
  await using home = await household({
    camera: {
      "IMG_1.CR2": at("raw"),
      "IMG_1.JPG": at("jpeg"),
      "IMG_1.xmp": at("<x:xmpmeta/>", march2020),
      "IMG_1.JPG.xmp": at("<x:xmpmeta />", march2020),
    },
  });
  await home.run();
  const { photos } = Object(await home.archived());

  assert.deepEqual(photos, {
    "2019": {
      "07": { "IMG_1.CR2": "raw", "IMG_1.JPG": "jpeg", "IMG_1.JPG.xmp": "<x:xmpmeta />", "IMG_1.xmp": "<x:xmpmeta/>" },
    },
  });
});

test("when another photo has their name, all of them get the same mark", async () => {
  const main = aPhoto("2019:07:14 10:15:00");
  await using home = await household({
    phone: { "IMG_1.JPG": aPhoto("2019:07:01 08:00:00"), "IMG_1.THM": at("of phone") },
    camera: { "IMG_1.JPG": main, "IMG_1.AAE": at("edit"), "IMG_1.JPG.xmp": at("<x:xmpmeta/>") },
  });
  await home.run();
  const names = Object.keys(Object(await home.archived()).photos["2019"]["07"]);
  const mark = `~${hash8(main)}`;

  assert.ok(names.includes(`IMG_1${mark}.JPG`), names.join(" "));
  assert.ok(names.includes(`IMG_1${mark}.AAE`), names.join(" "));
  assert.ok(names.includes(`IMG_1${mark}.JPG.xmp`) || names.includes(`IMG_1.JPG${mark}.xmp`), names.join(" "));
  assert.equal(names.length, 5, names.join(" "));
});

test("a photo and the film of its Live Photo go to one place, whatever the film's own category says", async () => {
  const photo = aPhoto("2019:07:14 10:15:00");
  await using home = await household({
    phone: { "IMG_7.JPG": photo, "IMG_7.MOV": at("film"), "other.MOV": at("x", march2020) },
  });
  await home.run();
  const archived = Object(await home.archived());
  const month = archived.photos["2019"]["07"];

  assert.ok("IMG_7.JPG" in month);
  assert.ok("IMG_7.MOV" in month || "IMG_7.MOV" in (archived.videos?.["2019"]?.["07"] ?? {}), "not beside the photo");
  assert.ok(archived.videos?.["2020"]?.["03"]?.["other.MOV"] === "x");
});

test("the JSON of a Takeout dates its photo and stays beside it", async () => {
  const json = JSON.stringify({ title: "scan.jpg", photoTakenTime: { timestamp: "1000000000" } });
  await using home = await household({
    takeout: { "scan.jpg": at("no date inside", march2020), "scan.jpg.json": at(json, march2020) },
  });
  await home.run();

  assert.deepEqual(Object(await home.archived()).photos, {
    "2001": { "09": { "scan.jpg": "no date inside", "scan.jpg.json": json } },
  });
});

test("a date comes from any copy that knows it, though the original is another", async () => {
  await using home = await household({
    sorted: { "beach.jpg": at("the picture", march2020) },
    phone: { "IMG_20110203_040506.jpg": at("the picture", march2020) },
  });
  await home.run();

  assert.deepEqual(Object(await home.archived()).photos, { "2011": { "02": { "beach.jpg": "the picture" } } });
});

test("photos of one name and different moments are no companions", async () => {
  await using home = await household({
    phone: { "IMG_1.JPG": aPhoto("2019:07:14 10:15:00"), "IMG_1.CR2": at("raw of another day", march2020) },
  });
  await home.run();
  const { photos } = Object(await home.archived());

  assert.ok("IMG_1.JPG" in photos["2019"]["07"]);
  assert.ok("IMG_1.CR2" in photos["2020"]["03"]);
});

test("companions that come later join the photo that is archived already", async () => {
  const photo = aPhoto("2019:07:14 10:15:00");
  await using home = await household({ camera: { "IMG_1.JPG": photo } });
  await home.run();
  await home.write("camera/IMG_1.JPG.xmp", "<x:xmpmeta/>");
  await home.run();

  assert.deepEqual(Object.keys(Object(await home.archived()).photos["2019"]["07"]), ["IMG_1.JPG", "IMG_1.JPG.xmp"]);
});
