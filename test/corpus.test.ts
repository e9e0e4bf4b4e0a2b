/** Reads a collection of real photos, videos and sidecars whose dates are known, if ONEFOLD_CORPUS names its folder. */
import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { before, describe, type TestContext, test } from "node:test";
import { categoryOf, isDatedSidecar } from "../src/model/category.ts";
import type { Captured, Evidence, WallClock } from "../src/model/evidence.ts";
import { type PathText, pathTextOf } from "../src/model/path.ts";
import type { EpochNs } from "../src/model/time.ts";
import { clockSeconds } from "../src/model/wall-clock.ts";
import { companions, type FolderFile, lentEvidence } from "../src/photos/companions.ts";
import { exiftoolAvailable } from "../src/photos/exiftool-process.ts";
import { folderDates } from "../src/photos/folder-date.ts";
import { nameDates } from "../src/photos/name-date.ts";
import { type EvidenceRequest, type EvidenceResult, readEvidence } from "../src/photos/read.ts";
import { takeoutPairs } from "../src/photos/takeout.ts";
import { chooseCaptured } from "../src/plan/captured.ts";

interface Truth {
  readonly date: string | null;
  readonly source: string | null;
  readonly utc?: boolean;
  readonly weak?: boolean;
  readonly implausible?: boolean;
  readonly recoverable?: { readonly date: string; readonly source: string };
}

interface SidecarTruth {
  readonly takeout: readonly { readonly sidecar: string; readonly media: readonly string[] }[];
  readonly orphanSidecars: readonly { readonly sidecar: string }[];
  readonly otherSidecars: readonly { readonly sidecar: string; readonly media: readonly string[] }[];
}

const root = process.env["ONEFOLD_CORPUS"] ?? "";
const skip = root === "" ? "ONEFOLD_CORPUS does not name the folder of the corpus" : false;
/** The times of these files mean nothing: each gets one of its own, before disks had dates. */
const meaningless = (key: number) => (BigInt(key) * 60_000_000_000n) as EpochNs;
const now = (1_795_000_000n * 1_000_000_000n) as EpochNs;
const load = <Shape>(name: string) => JSON.parse(readFileSync(join(root, name), "utf8")) as Shape;
const rowsOf = (name: string) =>
  readFileSync(join(root, name), "utf8")
    .trimEnd()
    .split("\n")
    .slice(1)
    .map((line) => line.split("\t"));

describe("the corpus", { skip }, () => {
  let truth: Readonly<Record<string, Truth>> = {};
  let paths: readonly string[] = [];
  let results: readonly EvidenceResult[] = [];
  let captured: ReadonlyMap<string, Captured> = new Map();
  let hasExiftool = false;

  before(async () => {
    truth = load<{ files: Record<string, Truth> }>("expected.json").files;
    paths = Object.keys(truth).filter((path) => path.startsWith("files/"));
    hasExiftool = (await exiftoolAvailable()).available;
    results = await readAll(paths, hasExiftool ? 2 : 0);
    captured = dateAll(paths, results);
  });

  test("at least 97 % of what is dated gets its month", (t) => {
    const dated = paths.filter((path) => isDated(truth[path]));
    const misses = dated.flatMap((path) => missOf(path, truth[path]?.date ?? "", captured.get(path)));
    report(t, "dates", misses, dated.length);
    const photos = dated.filter((path) => ["photo", "video"].includes(categoryOf(path)));
    const missedPhotos = misses.filter((miss) => photos.some((path) => miss.startsWith(`${path} `)));
    t.diagnostic(`photos and videos: ${photos.length - missedPhotos.length} of ${photos.length}`);
    if (!hasExiftool) t.skip("exiftool cannot run here: formats that only it reads are undated");
    else assert.ok(misses.length <= dated.length * 0.03, misses.join("\n"));
  });

  test("photos need exiftool for odd formats only", async (t) => {
    const alone = dateAll(paths, await readAll(paths, 0));
    const dated = paths.filter((path) => isDated(truth[path]) && ["photo", "video"].includes(categoryOf(path)));
    const misses = dated.flatMap((path) => missOf(path, truth[path]?.date ?? "", alone.get(path)));
    report(t, "dates without exiftool", misses, dated.length);
    assert.ok(misses.length <= dated.length * 0.08, misses.join("\n"));
  });

  test("damaged files whose date is still there are dated", (t) => {
    const damaged = paths.filter((path) => truth[path]?.recoverable !== undefined && !path.includes("/2216-"));
    const misses = damaged.flatMap((path) => missOf(path, truth[path]?.recoverable?.date ?? "", captured.get(path)));
    report(t, "damaged files", misses, damaged.length);
    assert.deepEqual(misses, []);
  });

  test("a date that cannot be is refused", () => {
    const path = paths.find((one) => one.includes("/2216-")) ?? "";
    assert.equal(captured.get(path)?.at, null);
  });

  test("little of each file is read", (t) => {
    const read = results.reduce((sum, { bytesRead }) => sum + bytesRead, 0);
    t.diagnostic(`${Math.round(read / paths.length)} bytes a file`);
    assert.ok(read / paths.length < 8192);
    for (const [n, { bytesRead }] of results.entries()) {
      assert.ok(bytesRead <= 2 * statSync(join(root, paths[n] ?? "")).size, `${paths[n]}: ${bytesRead}`);
    }
  });

  test("the halves of a Live Photo are found", () => {
    const { livePhotos } = load<{ livePhotos: [string, string][] }>("livephoto-pairs.json");
    const ties = tiesOf(paths, results);
    for (const [still, movie] of livePhotos) assert.deepEqual(ties.get(movie), { main: still, role: "live-photo" });
  });

  test("sidecars are tied to their media, orphans to nothing", (t) => {
    const { takeout, orphanSidecars, otherSidecars } = load<SidecarTruth>("sidecars.json");
    const ties = tiesOf(paths, results);
    const all = [...takeout, ...otherSidecars, ...orphanSidecars.map(({ sidecar }) => ({ sidecar, media: [] }))];
    const misses = all.flatMap(({ sidecar, media }) => {
      const main = ties.get(sidecar)?.main;
      return media[0] === main ? [] : [`${sidecar} | expected ${media[0]} | got ${main}`];
    });
    report(t, "sidecars", misses, all.length);
    assert.deepEqual(misses, []);
  });

  for (const [name = "", expected = ""] of skip === false ? rowsOf("filename-dates.tsv") : []) {
    test(`${name} was taken ${expected || "who knows when"}`, () =>
      assert.equal(nameDates(name)[0]?.at ?? "", expected));
  }

  for (const [json = "", media = ""] of skip === false ? rowsOf("takeout-names.tsv") : []) {
    test(`${json} describes ${media}`, () => {
      assert.deepEqual(takeoutPairs([{ key: 1, name: json }], [{ key: 2, name: media }]), [{ json: 1, media: [2] }]);
    });
  }
});

function isDated(truth: Truth | undefined): boolean {
  return typeof truth?.date === "string" && truth.weak !== true && truth.implausible !== true;
}

async function readAll(paths: readonly string[], exiftool: number): Promise<EvidenceResult[]> {
  const requests = paths.map((path, id): EvidenceRequest => {
    const full = join(root, path);
    const { size } = statSync(full);
    const name = pathTextOf(basename(path));
    return { id, source: "corpus", path: pathTextOf(full), name, size, category: categoryOf(path) };
  });
  const results: EvidenceResult[] = [];
  for await (const result of readEvidence(requests, { threads: 2, exiftool })) results[result.id] = result;
  return results;
}

const evidenceOf = (result: EvidenceResult | undefined) =>
  result !== undefined && "evidence" in result ? result.evidence : null;

function folders(paths: readonly string[], results: readonly EvidenceResult[]): Iterable<FolderFile[]> {
  const byFolder = new Map<string, FolderFile[]>();
  for (const [key, path] of paths.entries()) {
    const name = pathTextOf(basename(path));
    const file = {
      key,
      name,
      category: categoryOf(name),
      modified: meaningless(key),
      evidence: evidenceOf(results[key]),
    };
    byFolder.set(dirname(path), [...(byFolder.get(dirname(path)) ?? []), file]);
  }
  return byFolder.values();
}

/** Dates each file the way a plan does: by its bytes, name, folder, and what belongs to it. */
function dateAll(paths: readonly string[], results: readonly EvidenceResult[]): ReadonlyMap<string, Captured> {
  const captured = new Map<string, Captured>();
  for (const folder of folders(paths, results)) {
    const lent = lentEvidence(folder, companions(folder));
    for (const { key, evidence, category, name } of folder) {
      const path = paths[key] ?? "";
      captured.set(path, chooseCaptured([copyOf(path, evidence, sidecarsFor(name, lent.get(key)))], { now, category }));
    }
  }
  return captured;
}

/** The truth dates a sidecar by itself, not by the company it keeps. */
function sidecarsFor(name: string, lent: readonly Evidence[] = []): readonly Evidence[] {
  return isDatedSidecar(name) ? [] : lent;
}

function copyOf(path: string, embedded: Evidence | null, sidecars: readonly Evidence[]) {
  const dates = { nameDates: nameDates(basename(path)), folderDates: folderDates(dirname(path)) };
  return { path: path as PathText, modified: meaningless(0), embedded, sidecars, siblings: [], ...dates };
}

function tiesOf(paths: readonly string[], results: readonly EvidenceResult[]) {
  const ties = [...folders(paths, results)].flatMap((folder) => companions(folder));
  return new Map(ties.map(({ member, main, role }) => [paths[member] ?? "", { main: paths[main], role }]));
}

/** A line of the table of misses; none if the month is right. A truth in UTC may be another month where it was taken. */
function missOf(path: string, expected: string, got: Captured | undefined): string[] {
  if (got?.at?.slice(0, 7) === expected.slice(0, 7)) return [];
  const isExact = got?.at?.length === 19 && expected.length >= 19;
  const apart = isExact ? Math.abs(clockSeconds(got.at) - clockSeconds(expected.slice(0, 19) as WallClock)) : Infinity;
  return apart <= 14 * 3600 ? [] : [`${path} | expected ${expected} | got ${got?.at} | from ${got?.from}`];
}

function report(t: TestContext, what: string, misses: readonly string[], of: number): void {
  t.diagnostic(`${what}: ${of - misses.length} of ${of} right (${((100 * (of - misses.length)) / of).toFixed(1)} %)`);
  for (const miss of misses) t.diagnostic(`missed: ${miss}`);
}
