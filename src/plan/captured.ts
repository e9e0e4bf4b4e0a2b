import type { Captured, Confidence, DateCandidate } from "../model/evidence.ts";
import { Rung } from "../model/evidence.ts";
import { clockSeconds, completes, lastClockSeconds, monthOf, offsetText, precisionOf } from "../model/wall-clock.ts";
import { type Claim, type CopyEvidence, claimsOf, distance, type JudgingContext } from "./claims.ts";

export type { CopyEvidence } from "./claims.ts";

const zoneReach = 14 * 3600; // seconds: no place on Earth is further from UTC
const day = 86_400;
const raised: Readonly<Record<Confidence, Confidence>> = {
  certain: "certain",
  high: "high",
  medium: "high",
  low: "medium",
  none: "none",
};

/**
 * Decides when a content was captured, from what all its copies say.
 *
 * The most believed kind of evidence wins; within it what most copies say, then the oldest. A finer date inside a
 * coarser winner completes it; a month or day that nobody named is never made up. The order of `copies` does not
 * matter. Whether mtimes come from one burst of copying cannot be seen here, so they always stay "low".
 *
 * @returns The wall clock where the picture was taken as far as it is known, else UTC (zone "utc").
 */
export function chooseCaptured(copies: readonly CopyEvidence[], context: JudgingContext): Captured {
  const claims = claimsOf(copies, context);
  const winner = claims[0] === undefined ? undefined : firstOfDeepestFolder(claims[0], claims, copies);
  if (winner === undefined) return { at: null, zone: "local", from: "nothing tells", confidence: "none" };
  const told = localised(refined(winner, claims), claims);
  const conflict = conflicting(winner, claims);
  return {
    at: told.at,
    zone: told.zone,
    from: told.from,
    confidence: confirmed(winner, claims) ? raised[winner.confidence] : winner.confidence,
    ...(conflict === undefined ? {} : { conflict: asCandidate(conflict) }),
    ...(isNearMonthEdge(told) ? { nearMonthEdge: true as const } : {}),
  };
}

/** Among folders the deepest of a path speaks first: those above it may only complete it. */
function firstOfDeepestFolder(first: Claim, claims: readonly Claim[], copies: readonly CopyEvidence[]): Claim {
  if (first.rung !== Rung.folder) return first;
  const votes = new Map<string, number>();
  for (const { folderDates } of copies) {
    const deepest = folderDates.find(({ at }) => claims.some((claim) => claim.witness === "folder" && claim.at === at));
    if (deepest !== undefined) votes.set(deepest.at, (votes.get(deepest.at) ?? 0) + 1);
  }
  const most = Math.max(...votes.values());
  const best = claims.filter(({ witness, at }) => witness === "folder" && votes.get(at) === most);
  return best.reduce((a, b) => (b.at < a.at ? b : a), best[0] ?? first);
}

/** Adds month, day and time as far as other evidence names them inside the winner. */
function refined(winner: Claim, claims: readonly Claim[]): Claim {
  const finer = claims.find((claim) => completes(claim.at, winner.at));
  if (finer === undefined) return winner;
  const from = finer.from === winner.from ? winner.from : `${winner.from}, completed by ${finer.from}`;
  return refined({ ...winner, at: finer.at, zone: finer.zone, from }, claims);
}

/** Where only UTC is known, a local clock that shows the same moment in some zone tells the time on the wall. */
function localised(told: Claim, claims: readonly Claim[]): Claim {
  if (told.zone !== "utc" || precisionOf(told.at) !== "second") return told;
  const same = claims.find((claim) => claim.zone !== "utc" && zoneBetween(told, claim) !== null);
  const zone = same === undefined ? null : zoneBetween(told, same);
  if (same === undefined || zone === null) return told;
  return { ...told, at: same.at, zone, from: `${told.from}, local time by ${same.from}` };
}

/** Offset of `local` from UTC if both may show one moment: whole quarters of an hour, give or take two minutes. */
function zoneBetween(utc: Claim, local: Claim): string | null {
  if (precisionOf(local.at) !== "second") return null;
  const apart = clockSeconds(local.at) - clockSeconds(utc.at);
  const quarters = Math.round(apart / 900) * 900;
  return Math.abs(apart) <= zoneReach && Math.abs(apart - quarters) <= 120 ? offsetText(quarters) : null;
}

/** Another witness names the same day, or a month or year in which the winner lies. */
function confirmed(winner: Claim, claims: readonly Claim[]): boolean {
  if (winner.rung === Rung.mtime) return false;
  const knowsMonth = monthOf(winner.at) !== null;
  return claims.some(
    (claim) =>
      claim.witness !== winner.witness &&
      claim.witness !== "siblings" &&
      (monthOf(claim.at) !== null || !knowsMonth) &&
      distance(winner, claim) <= tolerance(winner, claim),
  );
}

/** Seconds by which two dates may differ and still mean the same day. */
function tolerance(one: Claim, other: Claim): number {
  if (one.zone !== other.zone) return zoneReach;
  return Math.min(one.at.length, other.at.length) < 10 ? 0 : day;
}

function conflicting(winner: Claim, claims: readonly Claim[]): Claim | undefined {
  if (winner.confidence === "low") return undefined;
  return claims.find((claim) => claim.confidence !== "low" && differsInMonth(winner, claim));
}

/** Compared as far as both are known. Clocks of unknown zones may differ by their zones. */
function differsInMonth(one: Claim, other: Claim): boolean {
  const known = Math.min(one.at.length, other.at.length, 7);
  if (one.at.slice(0, known) === other.at.slice(0, known)) return false;
  return distance(one, other) > (one.zone === other.zone ? 0 : zoneReach);
}

function isNearMonthEdge({ at, zone }: Claim): boolean {
  const month = monthOf(at);
  if (zone !== "utc" || month === null || precisionOf(at) === "month") return false;
  const [begins, ends] = [clockSeconds(month as Claim["at"]), lastClockSeconds(month as Claim["at"])];
  return clockSeconds(at) - begins < zoneReach || ends - lastClockSeconds(at) < zoneReach;
}

function asCandidate({ at, zone, rung, from }: Claim): DateCandidate {
  return { at, zone, rung, from };
}
