import { type DateCandidate, Rung, type WallClock } from "./evidence.ts";
import { clockSeconds } from "./wall-clock.ts";

/** What clocks and programs write when they do not know: never the time of a picture. */
const fillers: ReadonlySet<string> = new Set([
  "1904-01-01T00:00:00", // zero of QuickTime
  "1970-01-01T00:00:00", // zero of Unix
  "1980-01-01T00:00:00", // zero of FAT
  "2002-12-08T12:00:00", // an Android release without a clock
  "2036-01-01T23:59:59",
]);
const earliest = "1826" as WallClock; // the oldest photograph there is
const earliestMtime = "1980-01-02" as WallClock;
const twoDays = 2 * 86_400;

/**
 * Says why a date cannot be when the picture was taken, or null if it can.
 *
 * @param nowSeconds Seconds since 1970, UTC. Anything later than two days after it is refused.
 */
export function implausible(candidate: Pick<DateCandidate, "at" | "rung">, nowSeconds: number): string | null {
  const { at, rung } = candidate;
  if (fillers.has(at)) return "a filler for an unknown time";
  if (at < earliest) return "before photography";
  if (rung === Rung.mtime && at < earliestMtime) return "before disks had dates";
  return clockSeconds(at) > nowSeconds + twoDays ? "in the future" : null;
}
