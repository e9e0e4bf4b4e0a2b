import { type DateCandidate, type Evidence, Rung } from "../model/evidence.ts";
import { clockSeconds } from "../model/wall-clock.ts";
import type { FolderFile } from "./folder-files.ts";

/** Two halves of one shot differ by at most 1.5 s; clocks here show whole seconds, so by one. */
const oneShotSeconds = 1;
const oneShotNs = 1_500_000_000n;
const zoneReach = 14 * 3600;

/**
 * Whether two files tell, to the second, that they were taken together.
 *
 * @returns null if one of them tells no time.
 */
export function takenTogether(one: FolderFile, other: FolderFile): boolean | null {
  const [a, b] = [momentOf(one.evidence), momentOf(other.evidence)];
  if (a === null || b === null) return null;
  const apart = Math.abs(clockSeconds(a.at) - clockSeconds(b.at));
  if ((a.zone === "utc") === (b.zone === "utc")) return apart <= oneShotSeconds;
  // One tells local time, the other UTC: zones differ by quarters of an hour.
  return apart <= zoneReach && Math.abs(apart - Math.round(apart / 900) * 900) <= oneShotSeconds;
}

/** Whether both were written to the disk together: worth something only where a copy would keep times, or for rare pairs. */
export function writtenTogether(one: FolderFile, other: FolderFile): boolean {
  const apart = one.modified - other.modified;
  return apart <= oneShotNs && apart >= -oneShotNs;
}

/** What the bytes say about the moment of the shot; a time of change or of upload is none. */
function momentOf(evidence: Evidence | null): DateCandidate | null {
  const exact = (evidence?.dates ?? []).filter(({ at, rung }) => at.length === 19 && rung <= Rung.quicktimeUtc);
  return exact.reduce<DateCandidate | null>(
    (best, date) => (best === null || date.rung < best.rung ? date : best),
    null,
  );
}
