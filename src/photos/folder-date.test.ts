import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { folderDates } from "./folder-date.ts";

const read = (folder: string) => folderDates(folder).map(({ at }) => at);

describe("the dates of folders", () => {
  const expected: Readonly<Record<string, readonly string[]>> = {
    "something_2011-05-11 something": ["2011-05-11"],
    "2022/11/09": ["2022-11-09", "2022-11", "2022"],
    "photos/2019/07": ["2019-07", "2019"],
    "2019/07 - Kreta/beach": ["2019-07", "2019"],
    "2019/Juli": ["2019-07", "2019"],
    "2008/2008-07 Kreta": ["2008-07", "2008"],
    "2024-05": ["2024-05"],
    "200807": ["2008-07"],
    "2024": ["2024"],
    "Sommer 2008": ["2008"],
    "Photos from 2016": ["2016"],
    "2014-07-01 - 14": ["2014-07"],
    "2014-07-01 - 14 Rome": ["2014-07"],
    "2014-07-28 - 08-03 Rome": ["2014"],
    "2014-07-28 - 2014-08-03": ["2014"],
    "05.-12.07.2014 Rom": ["2014-07"],
    "28.07. - 03.08.2014": ["2014"],
    "01.07.2014 - 14.07.2014": ["2014-07"],
    "05.12.2010 Kirchweih": ["2010-12-05"],
    "5.12.10 Kirchweih": ["2010-12-05"],
    "24.12.98": ["1998-12-24"],
    "12. Mai 2011": ["2011-05-12"],
    "May 12, 2011": ["2011-05-12"],
    "Juli 2008": ["2008-07"],
    "2008 July": ["2008-07"],
    "août 2012": ["2012-08"],
    "07.2008": ["2008-07"],
    "20190512 Zoo": ["2019-05-12"],
    "Weihnachten 1987/Scans": ["1987"],
    "2008/10 Jahre Firma": ["2008"],
    "2010-2012": [],
    "1920x1080": [],
    "100CANON/DCIM": [],
    "IMG 12345": [],
    Marathon: [],
    "": [],
  };
  for (const [folder, dates] of Object.entries(expected)) {
    test(`${folder || "the root"}: ${dates.join(", ") || "none"}`, () => assert.deepEqual(read(folder), dates));
  }

  test("never fails, whatever a folder is called, and takes little time", () => {
    fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 300 }), (folder) => void folderDates(folder)));
    const begun = process.hrtime.bigint();
    for (const hard of ["2019-".repeat(800), "1.".repeat(2000), "12/".repeat(1300), " ".repeat(4000)])
      folderDates(`${hard}2019`);
    assert.ok(process.hrtime.bigint() - begun < 500_000_000n);
  });
});
