import { type DateCandidate, type Evidence, Rung, type WallClock } from "../model/evidence.ts";
import { type PathText, splitExtension } from "../model/path.ts";
import { implausible } from "../model/plausible.ts";
import { monthOf } from "../model/wall-clock.ts";

/** One file of a folder, as far as its neighbours are concerned. */
export interface Sibling {
  readonly key: number;
  /** Without its folder. */
  readonly name: PathText;
  readonly evidence: Evidence | null;
}

interface Numbered {
  readonly key: number;
  readonly number: number;
  readonly camera: string | undefined;
  /** Month in which its own bytes say it was taken; null if they do not. */
  readonly month: string | null;
}

/** So far apart in number may the dated neighbours on both sides be, or the one on one side. */
const betweenTwo = 20;
const besideOne = 3;

/**
 * Guesses the month of undated files from dated files of the same series of names in the same folder: between
 * `IMG_0040` and `IMG_0045`, both of July 2008, also `IMG_0042` was taken in July 2008. Where two neighbours or two
 * cameras disagree, nothing is guessed.
 *
 * @param files All files of one folder. Time grows with n log n.
 * @returns key of each file that is guessed → its month.
 */
export function siblingDates(files: readonly Sibling[]): ReadonlyMap<number, DateCandidate> {
  const guessed = new Map<number, DateCandidate>();
  for (const series of seriesOf(files).values()) {
    const before = nearestDated(series);
    const after = nearestDated(series.toReversed()).reverse();
    series.forEach((file, n) => {
      const month = file.month === null ? agreed(file, before[n] ?? null, after[n] ?? null) : null;
      if (month === null) return;
      guessed.set(file.key, { at: month as WallClock, zone: "local", rung: Rung.siblings, from: "neighbouring files" });
    });
  }
  return guessed;
}

/** Files whose names differ only in a number at the end, in the order of their numbers. */
function seriesOf(files: readonly Sibling[]): ReadonlyMap<string, readonly Numbered[]> {
  const series = new Map<string, Numbered[]>();
  for (const { key, name, evidence } of files) {
    const [, prefix, digits = ""] = /^(.*?)(\d{2,9})$/s.exec(splitExtension(name)[0]) ?? [];
    if (prefix === undefined) continue;
    const id = `${prefix.toLowerCase()}#${digits.length}`;
    const one: Numbered = { key, number: Number(digits), camera: evidence?.camera, month: monthIn(evidence) };
    const known = series.get(id);
    if (known === undefined) series.set(id, [one]);
    else known.push(one);
  }
  for (const numbered of series.values()) numbered.sort((a, b) => a.number - b.number || a.key - b.key);
  return series;
}

function monthIn(evidence: Evidence | null): string | null {
  const dates = (evidence?.dates ?? []).filter(
    (date) => date.rung <= Rung.quicktimeUtc && implausible(date, Number.POSITIVE_INFINITY) === null,
  );
  const best = dates.reduce<DateCandidate | null>((a, b) => (a === null || b.rung < a.rung ? b : a), null);
  return best === null ? null : monthOf(best.at);
}

/** For each file the last dated one before it. */
function nearestDated(series: readonly Numbered[]): (Numbered | null)[] {
  let last: Numbered | null = null;
  return series.map((file) => {
    const before = last;
    if (file.month !== null) last = file;
    return before;
  });
}

function agreed(file: Numbered, before: Numbered | null, after: Numbered | null): string | null {
  const neighbours = [before, after].filter((one) => one !== null).filter((one) => sameCamera(one, file));
  const [first, second] = neighbours;
  if (first === undefined) return null;
  const reach = second === undefined ? besideOne : betweenTwo;
  const near = neighbours.every((one) => Math.abs(one.number - file.number) <= reach);
  const agree = second === undefined || (first.month === second.month && sameCamera(first, second));
  return near && agree ? first.month : null;
}

function sameCamera(one: Numbered, other: Numbered): boolean {
  return one.camera === undefined || other.camera === undefined || one.camera === other.camera;
}
