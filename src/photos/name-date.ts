import { type DateCandidate, Rung, type WallClock } from "../model/evidence.ts";
import { splitExtension } from "../model/path.ts";
import { clockAt, parseOffset, wallClock } from "../model/wall-clock.ts";

// Year, month, day joined by one kind of joint, or by none. No digit may stand before it: that would be some number.
const date = String.raw`(?<!\d)(?<y>1[89]\d\d|2\d\d\d)(?<j>[-_. ]?)(?<m>\d\d)\k<j>(?<d>\d\d)`;
const between = String.raw`(?:[-_.T ]|_-_| - |, | (?:at|um|à|om|alle|ore|a las|kl\.?) )?`;
const time = String.raw`(?<h>\d\d)(?<k>[-_.:hH ]?)(?<i>\d\d)(?:\k<k>|[mM])(?<s>\d\d)(?!\d{5})`;
const fullTime = new RegExp(`${date}${between}${time}(?<o>\\+\\d{4}(?!\\d)|Z(?![A-Za-z]))?`, "u");
const twelveHours =
  /(?<!\d)(?<y>\d{4})-(?<m>\d\d)-(?<d>\d\d)(?: at |[, ]+)(?<h>\d{1,2})[.:](?<i>\d\d)[.:](?<s>\d\d)\s?(?<half>[AP])M/iu;
// What looks like a time after the day, but was none above, makes the day doubtful too: an arbitrary number.
const noTimeAfter = String.raw`(?![-_ T]?\d{6}(?!\d)|(?:[-_.]\d\d){3}|\d)`;
const dayOnly = new RegExp(date + noTimeAfter, "u");
const dayFirst = /(?<!\d|\d[-._])(?<d>\d{1,2})(?<j>[-._])(?<m>\d{1,2})\k<j>(?<y>(?:19|20)\d\d)(?!\d)/u;
const epochMs = /(?:BURST|FB_IMG_|mmexport)[-_]?(?<ms>1\d{12})(?!\d)/u;
const numbersOnly = /^(?:received|fbid|tumblr)_/iu;
const utcNames = /^PXL_/u;
const receiptNames = /^(?:IMG|VID|AUD|PTT|STK)-\d{8}-WA\d/u;

type Parts = Readonly<Record<string, string | undefined>>;

/**
 * Reads the date that a camera, phone or program wrote into the name of a file.
 *
 * Local time, except where the maker is known to write UTC. At most one candidate; none for a name
 * that only looks like a date (`IMG_20170101_999999`) or tells no day (`IMG_2017_01`). Whether the date
 * can be true is not asked here: `2216-11-15…` is read as it stands.
 */
export function nameDates(name: string): readonly DateCandidate[] {
  // Escaped bytes are not digits of a date.
  const clean = name.includes("\\") ? name.replace(/\\x[0-9a-f]{2}/g, "?") : name;
  if (!/\d{2}.?\d/u.test(clean) || numbersOnly.test(clean)) return [];
  const [stem] = splitExtension(clean);
  const found = timeIn(stem) ?? dayIn(stem);
  return found === null ? [] : [found];
}

function timeIn(stem: string): DateCandidate | null {
  const ms = epochMs.exec(stem)?.groups?.["ms"];
  if (ms !== undefined) return candidate(clockAt(Number(ms) / 1000), "utc", "file name (epoch milliseconds)");
  const noon = twelveHours.exec(stem)?.groups;
  if (noon !== undefined) return candidate(clockOf(noon, twentyFour(noon)), "local", "file name");
  const parts = fullTime.exec(stem)?.groups;
  if (parts === undefined) return null;
  const zone = utcNames.test(stem) ? "utc" : (parseOffset(parts["o"] ?? "") ?? "local");
  return candidate(clockOf(parts, Number(parts["h"])), zone, zone === "utc" ? "file name (UTC)" : "file name");
}

function dayIn(stem: string): DateCandidate | null {
  const parts = dayOnly.exec(stem)?.groups;
  const at = parts === undefined ? dayFirstIn(stem) : wallClock(...numbers(parts, ["y", "m", "d"]));
  if (at === null) return null;
  const from = receiptNames.test(stem) ? "file name (day of receipt)" : "file name";
  return { at, zone: "local", rung: Rung.nameDay, from };
}

/** "12.05.2011" is the 12th of May; with "-" or "_" it may be American, so one part must be above 12. */
function dayFirstIn(stem: string): WallClock | null {
  const parts = dayFirst.exec(stem)?.groups;
  if (parts === undefined) return null;
  const [year = 0, month = 0, day = 0] = numbers(parts, ["y", "m", "d"]);
  if (parts["j"] === "." || day > 12 || day === month) return wallClock(year, month, day);
  return month > 12 ? wallClock(year, day, month) : null;
}

function candidate(at: WallClock | null, zone: string, from: string): DateCandidate | null {
  return at === null ? null : { at, zone, rung: Rung.nameTime, from };
}

function clockOf(parts: Parts, hour: number): WallClock | null {
  return wallClock(...numbers(parts, ["y", "m", "d"]), hour, ...numbers(parts, ["i", "s"]));
}

function twentyFour(parts: Parts): number {
  const hour = Number(parts["h"]);
  return hour > 12 ? Number.NaN : (hour % 12) + (parts["half"]?.toUpperCase() === "P" ? 12 : 0);
}

function numbers(parts: Parts, names: readonly string[]): number[] {
  return names.map((name) => Number(parts[name]));
}
