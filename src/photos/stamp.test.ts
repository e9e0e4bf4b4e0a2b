import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { parseStamp } from "./stamp.ts";

describe("a time as programs write it", () => {
  const written: Readonly<Record<string, string>> = {
    "2019:05:09 15:47:33": "2019-05-09T15:47:33 local",
    "2019-05-09T15:47:33.12+02:00": "2019-05-09T15:47:33 +02:00",
    "2019-05-09T15:47:33Z": "2019-05-09T15:47:33 utc",
    "2019-05-09T15:47": "2019-05-09T15:47:00 local",
    "20190509 154733+0200": "2019-05-09T15:47:33 +02:00",
    "20190509": "2019-05-09 local",
    "2019-05": "2019-05 local",
    "2019": "2019 local",
    "2019:00:00 00:00:00": "2019 local",
    "2019:05:09 25:00:00": "2019-05-09 local",
    "Mon Mar 10 15:04:43 2003": "2003-03-10T15:04:43 local",
    "27 Aug 2020 10:11:12 +0200": "2020-08-27T10:11:12 +02:00",
    "0000:00:00 00:00:00": "none",
    "    :  :     :  :  ": "none",
    "2019:13:09 15:47:33": "none",
    "-1": "none",
    yesterday: "none",
  };
  for (const [text, expected] of Object.entries(written)) {
    test(`${text} → ${expected}`, () => {
      const stamp = parseStamp(text);
      assert.equal(stamp === null ? "none" : `${stamp.at} ${stamp.zone}`, expected);
    });
  }

  test("any other text is no error", () => {
    fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 60 }), (text) => void parseStamp(text)));
  });
});
