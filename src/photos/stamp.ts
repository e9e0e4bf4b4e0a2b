import type { WallClock } from "../model/evidence.ts";
import { parseOffset, wallClock } from "../model/wall-clock.ts";

/** A time as it was written, and the zone that stood with it: "local" if none, "utc" for "Z", else "+02:00". */
export interface Stamp {
  readonly at: WallClock;
  readonly zone: string;
}

const written =
  /^\s*(\d{4})(?:[-:/. ]?(\d\d)(?:[-:/. ]?(\d\d)(?:[T ]+(\d{1,2})[:.-]?(\d\d)(?:[:.-]?(\d\d))?(?:[.,]\d+)?\s*(Z|[+-]\d\d:?\d\d)?)?)?)?(?!\d)/i;
const english = /(?:[a-z]{3},? )?([a-z]{3}) +(\d{1,2}) +(\d\d):(\d\d):(\d\d)(?: [A-Z+0-9:]+)? +(\d{4})/i;
const rfc822 = /(\d{1,2}) ([a-z]{3})[a-z]* (\d{4}),? +(\d\d):(\d\d)(?::(\d\d))?(?:\s*([+-]\d{4}))?/i;
const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/**
 * Reads a time as EXIF, XMP, IPTC, PNG and RIFF write it: `2019:05:09 15:47:33`, `2019-05-09T15:47:33.12+02:00`,
 * `20190509`, `2019-05`, `Mon Mar 10 15:04:43 2003`, `27 Aug 2020 10:11:12`.
 *
 * Keeps of a broken clock the day, of a broken day the month; a broken month makes all of it unreadable.
 *
 * @returns null if it is no time: blanks, zeros, words, days that no calendar has.
 */
export function parseStamp(text: string): Stamp | null {
  const [, year, month, day, hour, minute, second = "0", offset] = written.exec(text) ?? [];
  if (year === undefined) return parseWords(text);
  const date = [year, month, day].filter((part) => part !== undefined).map(Number);
  // Some programs write the parts they do not know as zeros.
  while (date.length > 1 && date.at(-1) === 0) date.pop();
  const full = hour === undefined ? null : wallClock(...date, Number(hour), Number(minute), Number(second));
  if (full !== null && date.length === 3) return { at: full, zone: zoneOf(offset) };
  const coarse = wallClock(...date);
  return coarse === null ? null : { at: coarse, zone: "local" };
}

/** Seconds since 1904-01-01T00:00:00, as QuickTime counts, to seconds since 1970. */
export function sinceQuickTimeZero(seconds: number): number {
  return seconds - 2_082_844_800;
}

function zoneOf(offset: string | undefined): string {
  if (offset === undefined) return "local";
  return /z/i.test(offset) ? "utc" : (parseOffset(offset) ?? "local");
}

function parseWords(text: string): Stamp | null {
  const [, name = "", day, h, i, s, y] = english.exec(text) ?? [];
  const at = wallClock(Number(y), months.indexOf(name.toLowerCase()) + 1, Number(day), Number(h), Number(i), Number(s));
  if (at !== null) return { at, zone: "local" };
  const [, d2, n2 = "", y2, h2, i2, s2 = "0", offset] = rfc822.exec(text) ?? [];
  const month = months.indexOf(n2.toLowerCase()) + 1;
  const mail = wallClock(Number(y2), month, Number(d2), Number(h2), Number(i2), Number(s2));
  return mail === null ? null : { at: mail, zone: zoneOf(offset) };
}
