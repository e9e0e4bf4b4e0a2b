import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { type DateCandidate, type Evidence, Rung, type WallClock } from "../model/evidence.ts";
import type { PathText } from "../model/path.ts";
import type { EpochNs } from "../model/time.ts";
import { clockAt } from "../model/wall-clock.ts";
import { type CopyEvidence, chooseCaptured } from "./captured.ts";

const ns = (iso: string) => (BigInt(Date.parse(`${iso}Z`)) * 1_000_000n) as EpochNs;
const context = { now: ns("2026-06-01T00:00:00"), category: "photo" } as const;

function date(at: string, rung: number, from = "test", zone = "local"): DateCandidate {
  return { at: at as WallClock, zone, rung, from };
}

/** A copy that says nothing but what the test names; its mtime is before disks had dates. */
function aCopy(remarkable: Partial<CopyEvidence> & { mtime?: string; dates?: DateCandidate[] } = {}): CopyEvidence {
  const { mtime = "1970-01-01T00:00:00", dates, ...rest } = remarkable;
  const silent = { nameDates: [], folderDates: [], sidecars: [], siblings: [] };
  const embedded: Evidence | null = dates === undefined ? null : { dates };
  return { path: "a.jpg" as PathText, modified: ns(mtime), embedded, ...silent, ...rest };
}

const folder = (...at: string[]) => at.map((one) => date(one, Rung.folder, `folder ${one}`));
const choose = (...copies: CopyEvidence[]) => chooseCaptured(copies, context);

describe("chooseCaptured", () => {
  test("believes the camera before the name, and the name before the folder", () => {
    const copy = aCopy({
      dates: [date("2019-07-04T12:00:00", Rung.exifOriginal, "EXIF DateTimeOriginal")],
      nameDates: [date("2019-08-01T12:00:00", Rung.nameTime)],
      folderDates: folder("2020"),
    });
    const { at, from, confidence, conflict } = choose(copy);
    assert.deepEqual([at, from, confidence], ["2019-07-04T12:00:00", "EXIF DateTimeOriginal", "high"]);
    assert.equal(conflict?.at, "2019-08-01T12:00:00");
  });

  test("completes a year from a folder with a modification time inside it", () => {
    const captured = choose(aCopy({ folderDates: folder("2008"), mtime: "2008-07-12T10:00:00" }));
    assert.equal(captured.at, "2008-07-12T10:00:00");
    assert.equal(captured.from, "folder 2008, completed by modification time");
  });

  test("leaves a year a year when nothing finer lies inside it", () => {
    const captured = choose(aCopy({ folderDates: folder("2008"), mtime: "2015-07-12T10:00:00" }));
    assert.deepEqual([captured.at, captured.confidence], ["2008", "low"]);
  });

  test("lets the deepest folder speak, completed by those above it", () => {
    assert.equal(choose(aCopy({ folderDates: folder("2009", "2009-05", "2011") })).at, "2009-05");
    assert.equal(choose(aCopy({ folderDates: folder("2011", "2009") })).at, "2011");
  });

  test("pools copies: the folder of one dates the other", () => {
    const bare = aCopy({ path: "b.jpg" as PathText });
    assert.equal(choose(bare, aCopy({ folderDates: folder("2008-07") })).at, "2008-07");
  });

  test("takes within a rung what most copies hold, then the oldest", () => {
    const named = (at: string) => aCopy({ nameDates: [date(at, Rung.nameDay)] });
    assert.equal(choose(named("2010-01-05"), named("2012-03-04"), named("2012-03-04")).at, "2012-03-04");
    assert.equal(choose(named("2012-03-04"), named("2010-01-05")).at, "2010-01-05");
  });

  test("refuses what clocks write when they do not know", () => {
    for (const filler of ["1904-01-01T00:00:00", "1970-01-01T00:00:00", "1980-01-01T00:00:00", "2002-12-08T12:00:00"]) {
      assert.equal(choose(aCopy({ dates: [date(filler, Rung.exifOriginal)] })).at, null);
    }
    assert.equal(choose(aCopy({ nameDates: [date("2216-11-15T11:46:51", Rung.nameTime)] })).at, null);
    assert.equal(choose(aCopy({ nameDates: [date("1815", Rung.nameTime)] })).at, null);
    assert.equal(choose(aCopy({ mtime: "1980-01-01T12:00:00" })).at, null);
  });

  test("asks a scanner only after the folder", () => {
    const scan = { dates: [date("2015-03-01T10:00:00", Rung.exifOriginal)], camera: "EPSON Perfection V700" };
    assert.equal(choose(aCopy({ embedded: scan, folderDates: folder("1987") })).at, "1987");
    assert.deepEqual(
      [choose(aCopy({ embedded: scan })).at, choose(aCopy({ embedded: scan })).confidence],
      ["2015-03-01T10:00:00", "low"],
    );
  });

  test("doubts a clock at New Year only where other evidence lies far away", () => {
    const unset = [date("2005-01-01T00:07:00", Rung.exifOriginal)];
    assert.equal(choose(aCopy({ dates: unset, folderDates: folder("2008-07") })).at, "2008-07");
    assert.equal(choose(aCopy({ dates: unset, folderDates: folder("2004") })).at, "2005-01-01T00:07:00");
  });

  test("shows UTC on the wall where a local clock tells the same moment", () => {
    const takeout = { dates: [date("2019-05-01T00:30:00", Rung.takeout, "Takeout", "utc")] };
    const { at, zone, nearMonthEdge, conflict } = choose(
      aCopy({ sidecars: [takeout], nameDates: [date("2019-04-30T20:30:02", Rung.nameTime)] }),
    );
    assert.deepEqual([at, zone, nearMonthEdge, conflict], ["2019-04-30T20:30:02", "-04:00", undefined, undefined]);
  });

  test("marks UTC near the edge of a month", () => {
    const video = (at: string) => choose(aCopy({ dates: [date(at, Rung.quicktimeUtc, "QuickTime", "utc")] }));
    assert.equal(video("2019-04-30T20:30:00").nearMonthEdge, true);
    assert.equal(video("2019-05-01T13:00:00").nearMonthEdge, true);
    assert.equal(video("2019-05-15T13:00:00").nearMonthEdge, undefined);
  });

  test("trusts a name more when the folder agrees", () => {
    const nameDates = [date("2015-01-25", Rung.nameDay)];
    assert.equal(choose(aCopy({ nameDates })).confidence, "medium");
    assert.equal(choose(aCopy({ nameDates, folderDates: folder("2015-01") })).confidence, "high");
  });

  test("says when nothing tells", () => {
    assert.deepEqual(choose(), { at: null, zone: "local", from: "nothing tells", confidence: "none" });
  });
});

const anyRung = fc.constantFrom(...Object.values(Rung).filter((rung) => rung < Rung.mtime));
const anyDate = fc
  .record({
    seconds: fc.integer({ min: -3_000_000_000, max: 2_000_000_000 }).map((n) => n - (n % 400_000)),
    length: fc.constantFrom(4, 7, 10, 19),
    rung: anyRung,
    zone: fc.constantFrom("local", "utc", "+02:00"),
    from: fc.constantFrom("x", "y"),
  })
  .map(({ seconds, length, rung, zone, from }) =>
    date((clockAt(seconds) ?? "2000").slice(0, length), rung, from, zone),
  );
const anyDates = fc.array(anyDate, { maxLength: 3 });
const anyCopy = fc.record({
  path: fc.constantFrom("a.jpg", "b.jpg").map((path) => path as PathText),
  modified: fc.integer({ min: 0, max: 2_000_000_000 }).map((n) => (BigInt(n) * 1_000_000_000n) as EpochNs),
  embedded: fc.option(anyDates.map((dates): Evidence => ({ dates }))),
  nameDates: anyDates,
  folderDates: anyDates.map((dates) => dates.map((one) => ({ ...one, rung: Rung.folder }))),
  sidecars: fc.array(
    anyDates.map((dates): Evidence => ({ dates })),
    { maxLength: 2 },
  ),
  siblings: anyDates,
});
const anyCopies = fc.array(anyCopy, { maxLength: 4 });

describe("whatever the copies say", () => {
  test("their order does not matter", () => {
    const inTwoOrders = anyCopies.chain((copies) =>
      fc.tuple(fc.constant(copies), fc.shuffledSubarray(copies, { minLength: copies.length })),
    );
    fc.assert(fc.property(inTwoOrders, ([one, other]) => assert.deepEqual(choose(...other), choose(...one))));
  });

  test("no date is made up: what comes out, somebody said", () => {
    fc.assert(
      fc.property(anyCopies, (copies) => {
        const { at } = choose(...copies);
        const said = copies.flatMap((copy) => [
          ...(copy.embedded?.dates ?? []),
          ...copy.sidecars.flatMap(({ dates }) => dates),
          ...[...copy.nameDates, ...copy.folderDates, ...copy.siblings],
          date(clockAt(Number(copy.modified / 1_000_000_000n)) ?? "", Rung.mtime),
        ]);
        assert.ok(at === null || said.some((one) => one.at === at));
      }),
    );
  });

  test("one more copy that says nothing new changes nothing", () => {
    fc.assert(fc.property(anyCopies, (copies) => assert.deepEqual(choose(...copies, aCopy()), choose(...copies))));
  });
});
