import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { PathText } from "../model/path.ts";
import { isJunkFile, isJunkFolder, junkReason } from "./junk.ts";

const reason = (path: string, size = 100) => junkReason(path as PathText, size);

describe("junk", () => {
  const junk = [
    "DCIM/.DS_Store",
    "DCIM/Thumbs.db",
    "DCIM/THUMBS.DB",
    "music/desktop.ini",
    "ehthumbs_vista.db",
    "DCIM/@eaDir/IMG_1.JPG/SYNOPHOTO_THUMB_XL.jpg",
    "$RECYCLE.BIN/S-1-5-21/$RABCDE.jpg",
    "System Volume Information/tracking.log",
    ".Trash-1000/files/a.jpg",
    "album/__MACOSX/._a.jpg",
    "SYNOFILE_THUMB_M.png",
    "folder/Icon\\x0d",
  ];
  for (const path of junk) test(`${path} is made by a system`, () => assert.notEqual(reason(path), null));

  const kept = [
    "cache/a.jpg",
    "tmp/a.jpg",
    "thumbnails/a.jpg",
    "Picasa.ini",
    ".picasa.ini",
    "iTunes/a.mp3",
    "Steam/save.dat",
    "Trash/a.jpg",
    ".Trash-mine/a.jpg",
    "my thumbs.db",
    "desktop.ini.txt",
    ".DS_Store/a.jpg",
    "lost/found/a.jpg",
    "",
  ];
  for (const path of kept) test(`"${path}" may be somebody's`, () => assert.equal(reason(path), null));

  test("attributes of a Macintosh file are junk, but not what may be its resource fork", () => {
    assert.ok(isJunkFile("._letter" as PathText, 4_096n));
    assert.ok(!isJunkFile("._font" as PathText, 40_000));
    assert.ok(!isJunkFile("._" as PathText, 10));
  });

  test("a file that is called like a junk folder is none, nor a folder like a junk file", () => {
    assert.ok(!isJunkFile("@eaDir" as PathText, 10));
    assert.ok(!isJunkFolder("Thumbs.db" as PathText));
  });

  test("everything below a junk folder is junk", () => {
    assert.ok(isJunkFolder("a/@eaDir/b" as PathText));
    assert.ok(!isJunkFolder("" as PathText));
  });

  test("says what it is", () => assert.equal(reason("a/.DS_Store"), "folder view of macOS"));
});
