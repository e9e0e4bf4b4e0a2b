import type { Category } from "../model/category.ts";
import { type Confidence, type DateCandidate, type Evidence, Rung } from "../model/evidence.ts";
import type { PathText } from "../model/path.ts";
import { implausible } from "../model/plausible.ts";
import type { EpochNs } from "../model/time.ts";
import { clockAt, clockSeconds, lastClockSeconds } from "../model/wall-clock.ts";

/** All that one copy of a content says about when it was captured. */
export interface CopyEvidence {
  readonly path: PathText;
  readonly modified: EpochNs;
  /** What its bytes say; the same for all copies. null: not read, or unreadable. */
  readonly embedded: Evidence | null;
  readonly nameDates: readonly DateCandidate[];
  /** Deepest folder first. */
  readonly folderDates: readonly DateCandidate[];
  /** What the files beside it say that belong to it. */
  readonly sidecars: readonly Evidence[];
  readonly siblings: readonly DateCandidate[];
}

/** Whom a date comes from: two claims of one witness do not confirm each other. */
export type Witness = "override" | "content" | "sidecar" | "name" | "folder" | "siblings" | "mtime";

/** One date, by whom it is said, and by how many copies. */
export interface Claim extends DateCandidate {
  readonly witness: Witness;
  readonly votes: number;
  readonly confidence: Confidence;
}

export interface JudgingContext {
  readonly now: EpochNs;
  readonly category: Category;
}

const scanner =
  /\bepson\b(?!.*\b(?:photopc|r-?d1))|canoscan|scan ?snap|scanjet|vuescan|silverfast|plustek|nikon scan|coolscan|mustek|microtek|fastfoto|\bscanner\b/i;
const newYearClock = /^\d{4}-01-01T00:[0-2]\d:/;
const farSeconds = 31 * 86_400;

/**
 * Gathers what all copies say, without what cannot be true, and puts each date on its rung.
 *
 * Equal statements of several copies become one claim with as many votes. Sorted: lower rungs first, then more
 * votes, then older; no part of the order depends on the order of the copies.
 */
export function claimsOf(copies: readonly CopyEvidence[], { now }: JudgingContext): readonly Claim[] {
  const nowSeconds = Number(now / 1_000_000_000n);
  const said = copies.flatMap(statements).filter((claim) => implausible(claim, nowSeconds) === null);
  const lowered = lowering(said, copies);
  const merged = new Map<string, Claim>();
  for (const claim of said.map(lowered)) {
    const key = `${claim.rung} ${claim.witness} ${claim.zone} ${claim.at}`;
    const known = merged.get(key);
    const from = known === undefined || claim.from < known.from ? claim.from : known.from;
    merged.set(key, { ...claim, from, votes: (known?.votes ?? 0) + 1 });
  }
  return [...merged.values()].sort(byBelief);
}

function statements(copy: CopyEvidence): Claim[] {
  const by = (witness: Witness, dates: readonly DateCandidate[]) =>
    dates.map(({ at, zone, rung, from }): Claim => {
      const believed = rung === Rung.override ? "override" : witness;
      return { at, zone, rung, from, witness: believed, votes: 1, confidence: confidenceOf(rung) };
    });
  return [
    ...by("content", copy.embedded?.dates ?? []),
    ...copy.sidecars.flatMap((sidecar) => by("sidecar", sidecar.dates)),
    ...by("name", copy.nameDates),
    ...by("folder", copy.folderDates),
    ...by("siblings", copy.siblings),
    ...by("mtime", modificationTime(copy.modified)),
  ];
}

function modificationTime(modified: EpochNs): readonly DateCandidate[] {
  const at = clockAt(Number(modified / 1_000_000_000n));
  return at === null ? [] : [{ at, zone: "utc", rung: Rung.mtime, from: "modification time" }];
}

function confidenceOf(rung: number): Confidence {
  if (rung === Rung.override) return "certain";
  if (rung <= Rung.streamOriginal) return "high";
  return rung <= Rung.nameDay ? "medium" : "low";
}

/** Scanners write the day of the scan; a clock that was never set starts at some New Year. Both are asked late. */
function lowering(said: readonly Claim[], copies: readonly CopyEvidence[]): (claim: Claim) => Claim {
  const scanned = copies.some(({ embedded }) => isScan(embedded));
  const others = said.filter(({ witness, rung }) => witness !== "content" && rung < Rung.siblings);
  return (claim) => {
    if (claim.witness !== "content") return claim;
    const reason = scanned ? "day of the scan" : isUnsetClock(claim, others) ? "clock was not set" : null;
    if (reason === null || claim.rung > Rung.folder) return claim;
    return { ...claim, rung: Rung.lowered, confidence: "low", from: `${claim.from} (${reason})` };
  };
}

/** Judges by what wrote the file. A picture that an editor saved after the scan is not recognised. */
function isScan(evidence: Evidence | null): boolean {
  return scanner.test(evidence?.camera ?? "") || scanner.test(evidence?.software ?? "");
}

function isUnsetClock(claim: Claim, others: readonly Claim[]): boolean {
  if (claim.zone !== "local" || !newYearClock.test(claim.at)) return false;
  return others.some((other) => distance(claim, other) > farSeconds);
}

/** Seconds between the nearest moments that two dates may mean, on their clocks; 0 if they overlap. */
export function distance(one: Pick<DateCandidate, "at">, other: Pick<DateCandidate, "at">): number {
  const after = clockSeconds(one.at) - lastClockSeconds(other.at);
  const before = clockSeconds(other.at) - lastClockSeconds(one.at);
  return Math.max(0, after, before);
}

function byBelief(a: Claim, b: Claim): number {
  return a.rung - b.rung || b.votes - a.votes || compare(a.at, b.at) || compare(key(a), key(b));
}

const key = ({ zone, witness, from }: Claim) => `${zone} ${witness} ${from}`;
const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
