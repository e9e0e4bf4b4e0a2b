import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { WallClock } from "./evidence.ts";
import {
  clockAt,
  clockSeconds,
  completes,
  lastClockSeconds,
  offsetText,
  parseOffset,
  wallClock,
} from "./wall-clock.ts";

describe("wall clocks", () => {
  test("are written as far as they are known, and only if the calendar has them", () => {
    assert.equal(wallClock(2008), "2008");
    assert.equal(wallClock(2008, 2, 29), "2008-02-29");
    assert.equal(wallClock(2008, 7, 12, 14, 3, 11), "2008-07-12T14:03:11");
    for (const parts of [
      [2009, 2, 29],
      [1900, 2, 29],
      [2008, 13],
      [2008, 0],
      [2008, 7, 12, 24, 0, 0],
      [2008, 7, 12, 14],
      [0],
    ]) {
      assert.equal(wallClock(...parts), null);
    }
  });

  test("count the same seconds as every calendar", () => {
    const date = fc.date({ min: new Date("0001-01-01"), max: new Date("9999-12-31T23:59:59Z"), noInvalidDate: true });
    fc.assert(
      fc.property(date, (time) => {
        const at = time.toISOString().slice(0, 19) as WallClock;
        assert.equal(clockSeconds(at), Math.floor(time.getTime() / 1000));
        assert.equal(clockAt(clockSeconds(at)), at);
      }),
    );
  });

  test("that are coarse reach from their first to their last second", () => {
    const february = "2008-02" as WallClock;
    assert.equal(clockAt(clockSeconds(february)), "2008-02-01T00:00:00");
    assert.equal(clockAt(lastClockSeconds(february)), "2008-02-29T23:59:59");
    assert.ok(completes("2008-02-29" as WallClock, february));
    assert.ok(!completes(february, february));
  });

  test("have offsets as cameras write them, up to 14 hours", () => {
    const written = {
      "+02:00": "+02:00",
      "-0330": "-03:30",
      "+2": "+02:00",
      Z: "+00:00",
      "+15:00": null,
      "": null,
      noon: null,
    };
    for (const [text, offset] of Object.entries(written)) assert.equal(parseOffset(text), offset);
    assert.deepEqual([offsetText(-12_600), offsetText(0)], ["-03:30", "+00:00"]);
  });
});
