import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseOptions } from "./options.ts";
import { rotated } from "./race.ts";
import { comparison, measuredPart, resultsPage } from "./report.ts";
import type { CaseResult, Measured, RaceResult, Row } from "./results.ts";
import { merged } from "./results-file.ts";
import { table } from "./table.ts";
import { targetsOf } from "./targets.ts";

const row = (name: string, role: Row["role"], seconds: readonly number[], notes: readonly string[] = []): Row => {
  return { name, role, version: "1.0", seconds, resources: null, reads: null, notes };
};

const race: RaceResult = {
  ...{ kind: "race", id: "small", title: "Small files", setting: "3 files", notes: [] },
  goal: { limit: 1.2, against: null, beatsOthers: true },
  rows: [
    row("quick", "peer", [1, 1, 2]),
    row("slow", "peer", [5, 5, 5], ["odd"]),
    row("onefold", "onefold", [1, 1.1, 2]),
  ],
};

const measured = (cases: readonly CaseResult[]): Measured => {
  const machine = {
    processor: "CPU",
    cores: 2,
    memory: 8e9,
    system: "Linux",
    kernel: "6",
    fileSystem: "ext4",
    versions: {},
  };
  return { at: "2026-01-02T03:04:05Z", machine, missing: ["yadf"], cases };
};

describe("targets", () => {
  const metOf = (change: Partial<RaceResult>) => targetsOf([{ ...race, ...change }]).map(({ met }) => met);

  test("are met within the limit, when all others take longer", () => assert.deepEqual(metOf({}), [true, true]));

  test("are missed beyond it", () => {
    const rows = [row("quick", "peer", [1]), row("slow", "peer", [1.5]), row("onefold", "onefold", [2])];
    assert.deepEqual(metOf({ rows }), [false, false]);
  });

  test("are open without anybody to compare with", () => {
    assert.deepEqual(metOf({ rows: [row("onefold", "onefold", [1])] }), [null, null]);
  });

  test("may name whom to compare with", () => {
    const goal = { limit: 0.5, against: "slow", beatsOthers: false };
    assert.deepEqual(
      targetsOf([{ ...race, goal }]).map(({ measured: text, met }) => [text, met]),
      [["0.22 × slow (0.20–0.40)", true]],
    );
  });

  test("of growth ask for more than small sizes can show", () => {
    const used = { cpuSeconds: 1, databaseCpuSeconds: 0, memory: 1e8, databaseMemory: 0, databaseShared: 0 };
    const point = (files: number, seconds: number, ownMemory: number) => {
      return { command: "scan", files, seconds, resources: { seconds, ...used, ownMemory } };
    };
    const growth = (...points: ReturnType<typeof point>[]): CaseResult => {
      return { kind: "growth", id: "growth", title: "", setting: "", points, notes: [] };
    };
    const metBy = (...points: ReturnType<typeof point>[]) => targetsOf([growth(...points)]).map(({ met }) => met);
    assert.deepEqual(metBy(point(1000, 1, 1e8), point(10_000, 10, 1e8)), [null, null]);
    assert.deepEqual(metBy(point(1e6, 1, 1e8), point(1e7, 50, 4e8)), [false, false]);
    assert.deepEqual(metBy(point(1e6, 1, 1e8), point(1e7, 10, 2e8)), [true, true]);
  });
});

describe("the report", () => {
  const text = measuredPart(measured([race]), null);

  test("orders by time, names what is missing, and shows every remark", () => {
    assert.match(text, /Not installed here: yadf/);
    assert.match(text, /\[1\] odd/);
    assert.ok(text.indexOf("| quick") < text.indexOf("| slow [1]"));
    assert.match(text, /\| onefold +\| +1\.0 \| +1\.10 \| +1\.00–2\.00 \| +1\.10 \| +1\.00–1\.10 \|/);
  });

  test("shows a row that has failed, without numbers", () => {
    const rows = [...race.rows, row("broken", "peer", [], ["ended with status 1"])];
    assert.match(measuredPart(measured([{ ...race, rows }]), null), /\| broken \[2\] +\| +1\.0 \| +– \|/);
  });

  test("tells why a case is not there", () => {
    const skipped: CaseResult = { kind: "skipped", id: "cold", title: "Cold", because: "only root can do it" };
    assert.match(measuredPart(measured([skipped]), null), /Not measured: only root can do it\./);
  });

  test("puts ratios beside those of before", () => {
    const before = { ...race, rows: [row("quick", "peer", [1]), row("onefold", "onefold", [3])] };
    assert.match(comparison([race], measured([before])), /1\.10 × quick \(1\.00–1\.10\) \| 3\.00 × quick/);
  });

  test("lines its tables up", () => {
    assert.equal(table(["a", "b"], [["long one", "×"]]), "| a        |   b |\n|----------|----:|\n| long one |   × |");
  });
});

test("a page says how often each case ran, and where the time goes", () => {
  const page = resultsPage({ full: measured([race]) }, "## Where the time goes\n");
  assert.match(page, /^3 files; 3 rounds\.$/m);
  assert.match(page, /^## Where the time goes$/m);
});

test("measuring one case anew leaves the others as they were", () => {
  const other: RaceResult = { ...race, id: "cold/small" };
  const again = { ...race, title: "again" };
  const { cases } = merged(measured([race, other]), measured([again]));
  assert.deepEqual(
    cases.map(({ id, title }) => [id, title]),
    [
      ["cold/small", "Small files"],
      ["small", "again"],
    ],
  );
});

test("each round begins with the next", () => {
  assert.deepEqual(
    [0, 1, 2, 3].map((round) => rotated(["a", "b", "c"], round).join("")),
    ["abc", "bca", "cab", "abc"],
  );
});

describe("the command line", () => {
  test("names cases", () => assert.deepEqual(parseOptions(["small", "--rounds", "7"], ["small"]).cases, ["small"]));
  test("knows which there are", () => assert.throws(() => parseOptions(["smal"], ["small"]), /there are small/));
  test("wants a number of rounds", () => assert.throws(() => parseOptions(["--rounds", "x"], []), /number/));
});
