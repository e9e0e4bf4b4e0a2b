import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { nameDates } from "./name-date.ts";

const read = (name: string) => nameDates(name).map(({ at, zone }) => `${at} ${zone}`)[0] ?? "none";

describe("the date in a file name", () => {
  const expected: Readonly<Record<string, string>> = {
    "IMG_20190509_154733.jpg": "2019-05-09T15:47:33 local",
    "Screenshot_2019-04-16-11-19-37-232_com.example.jpg": "2019-04-16T11:19:37 local",
    "signal-2020-10-26-163832.jpg": "2020-10-26T16:38:32 local",
    "201801261147521000.jpg": "2018-01-26T11:47:52 local",
    "00055IMG_00055_BURST20190216172030_COVER.jpg": "2019-02-16T17:20:30 local",
    "Bebop2_20180719194940+0200.jpg": "2018-07-19T19:49:40 +02:00",
    "PXL_20220909_154515546.jpg": "2022-09-09T15:45:15 utc",
    "BURST1723801037429.jpg": "2024-08-16T09:37:17 utc",
    "Screen Shot 2019-05-09 at 3.47.33 PM.png": "2019-05-09T15:47:33 local",
    "Bildschirmfoto 2019-05-09 um 15.47.33.png": "2019-05-09T15:47:33 local",
    "WhatsApp Image 2019-05-09 at 15.47.33.jpeg": "2019-05-09T15:47:33 local",
    "WP_20130605_15_47_33_Pro.jpg": "2013-06-05T15:47:33 local",
    "WP_20130605_001.jpg": "2013-06-05 local",
    "IMG-20150125-WA0003.jpg": "2015-01-25 local",
    "2021-05-27_overlay~zip-0F3C.png": "2021-05-27 local",
    "Photo 12.05.2011.jpg": "2011-05-12 local",
    "scan 25-12-1987.tif": "1987-12-25 local",
    "scan 12-25-1987.tif": "1987-12-25 local",
    "2216-11-15-11-46-51.jpg": "2216-11-15T11:46:51 local",
    "20190509_154733(1).jpg": "2019-05-09T15:47:33 local",
    "VID_20220107_113306~2.mp4": "2022-01-07T11:33:06 local",
  };
  for (const [name, date] of Object.entries(expected)) {
    test(`${name} was taken ${date}`, () => assert.equal(read(name), date));
  }

  const undated = [
    "IMG_20170101_999999.jpg",
    "IMG_20170231_101010.jpg",
    "IMG_2017_01.jpg",
    "IMG_2019.JPG",
    "2019.jpg",
    "2024-05.jpg",
    "DSC01234.jpg",
    "received_2019051512345678.jpeg",
    "3120190509154733.jpg",
    "scan 05-06-1987.tif",
    "\\x8120190.jpg",
    "",
  ];
  for (const name of undated) test(`${name || "an empty name"} tells no day`, () => assert.equal(read(name), "none"));

  test("reads any name without failing, in little time", () => {
    fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 255 }), (name) => nameDates(name).length <= 1));
    const begun = process.hrtime.bigint();
    for (const hard of ["2019".repeat(60), "20190509".repeat(30), "1 ".repeat(120), "-".repeat(250)]) nameDates(hard);
    assert.ok(process.hrtime.bigint() - begun < 100_000_000n);
  });

  test("reads back every time that a phone writes", () => {
    const time = fc.date({ min: new Date("1901-01-01"), max: new Date("2199-01-01"), noInvalidDate: true });
    fc.assert(
      fc.property(time, fc.constantFrom("", "-", "_", "."), (date, joint) => {
        const iso = date.toISOString().slice(0, 19);
        const name = `IMG_${iso.slice(0, 10).replaceAll("-", joint)}_${iso.slice(11).replaceAll(":", joint)}.jpg`;
        assert.equal(read(name), `${iso} local`);
      }),
    );
  });
});
