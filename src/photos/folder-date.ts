import { type DateCandidate, Rung, type WallClock } from "../model/evidence.ts";
import { wallClock } from "../model/wall-clock.ts";
import { monthName, monthNumber } from "./month-names.ts";

type Parts = Readonly<Record<string, string | undefined>>;

/** One way to write a date in a folder's name; the first form that fits is taken. */
interface Form {
  readonly pattern: RegExp;
  readonly read: (parts: Parts) => WallClock | null;
}

const year4 = String.raw`(?<!\d)(?<y>(?:18|19|20)\d\d)`;
const month2 = "(?<m>0[1-9]|1[0-2])";
const to = String.raw`\s*(?:-|–|—|_-_|bis|to|till|until|au|al)\s*`;
const pattern = (source: string) => new RegExp(source, "iu");
const number = (text: string | undefined) => (text === undefined ? Number.NaN : Number(text));
const fromParts = (...names: readonly string[]) => {
  return (parts: Parts) => wallClock(...names.map((name) => number(parts[name])));
};

const forms: readonly Form[] = [
  // 2014-07-01 - 14, 2014-07-28 - 08-03, 2014-07-01 - 2014-07-14
  {
    pattern: pattern(
      `${year4}(?<j>[-_. ])${month2}\\k<j>(?<d>\\d\\d)${to}(?:(?:(?<y2>\\d{4})\\k<j>)?(?<m2>\\d\\d)\\k<j>)?(?<d2>\\d\\d)(?!\\d|[-_.]\\d|\\p{L})`,
    ),
    read: range,
  },
  // 05.-12.07.2014, 28.07. - 03.08.2014, 01.07.2014 - 14.07.2014
  {
    pattern: pattern(
      `(?<!\\d)(?<d>\\d{1,2})\\.(?:(?<m>\\d{1,2})\\.?(?<y>\\d{4})?)?${to}(?<d2>\\d{1,2})\\.(?<m2>\\d{1,2})\\.(?<y2>\\d{4})(?!\\d)`,
    ),
    read: dayFirstRange,
  },
  { pattern: pattern(`${year4}(?<j>[-_. ]?)${month2}\\k<j>(?<d>\\d\\d)(?!\\d)`), read: fromParts("y", "m", "d") },
  {
    pattern: pattern(String.raw`(?<!\d)(?<d>\d{1,2})\.\s?(?<m>\d{1,2})\.\s?(?<y>(?:18|19|20)\d\d|\d\d)(?!\d|\.\d)`),
    read: (parts) => wallClock(fullYear(parts["y"]), number(parts["m"]), number(parts["d"])),
  },
  {
    pattern: pattern(String.raw`(?<!\d)(?<d>\d\d)(?<j>[-_])(?<m>\d\d)\k<j>(?<y>(?:19|20)\d\d)(?!\d)`),
    read: (parts) => (number(parts["d"]) > 12 ? fromParts("y", "m", "d")(parts) : null),
  },
  {
    pattern: pattern(
      `(?<!\\d)(?<d>\\d{1,2})\\.?(?:\\s|-|_)?(?:de |of )?(?<w>${monthName})\\.?,?(?:\\s|-|_)?(?:de |of )?${year4}(?!\\d)`,
    ),
    read: named,
  },
  { pattern: pattern(`(?<w>${monthName})\\.?\\s(?<d>\\d{1,2}),?\\s${year4}(?!\\d)`), read: named },
  // A month and nothing like a day behind it.
  { pattern: pattern(`${year4}[-_.]${month2}(?!\\d|[-_.]\\d)`), read: fromParts("y", "m") },
  { pattern: pattern(`^${year4}\\s?${month2}(?=$|\\s-|[-_])(?![-_ ]*\\d)`), read: fromParts("y", "m") },
  { pattern: pattern(`(?<!\\d|\\d[-_.])${month2}[-_./]${year4}(?!\\d)`), read: fromParts("y", "m") },
  { pattern: pattern(`(?<w>${monthName})\\.?[-_, ]*(?:de |of )?${year4}(?!\\d)`), read: named },
  { pattern: pattern(`${year4}(?:[-_., ]*\\d\\d)?[-_., ]*(?<w>${monthName})`), read: named },
];

const anyYear = /(?<!\d)(?:1[89]|20)\d\d(?![\dxX×])/gu;
const bareYear = /^(?:1[89]|20)\d\d$/u;
const bareNumber = new RegExp(
  `^(?<n>\\d\\d)(?:$|[-_.](?!\\d)|\\s(?:-\\s|(?:${monthName})))|^(?<w>${monthName})$`,
  "iu",
);

/**
 * Reads the dates that people wrote into the folders a file lies in.
 *
 * @param folder Path of the folder; parts joined by "/".
 * @returns One candidate for each dated folder, deepest first; a year, a month or a day each, local.
 */
export function folderDates(folder: string): readonly DateCandidate[] {
  if (!/\d\d/u.test(folder)) return [];
  const clean = folder.includes("\\") ? folder.replace(/\\x[0-9a-f]{2}/g, "?") : folder;
  const names = clean.split("/");
  return names.flatMap((_, n): DateCandidate[] => {
    const last = names.length - n;
    const at = inName(names[last - 1] ?? "") ?? joined(names.slice(0, last));
    if (at === null) return [];
    return [{ at, zone: "local", rung: Rung.folder, from: `folder ${names[last - 1]}` }];
  });
}

function inName(name: string): WallClock | null {
  for (const form of forms) {
    const parts = form.pattern.exec(name)?.groups;
    const at = parts === undefined ? null : form.read(parts);
    if (at !== null) return at;
  }
  const years = new Set(name.match(anyYear) ?? []);
  const [year] = years;
  return years.size === 1 ? wallClock(Number(year)) : null;
}

/** `2019/07`, `2019/07 - Kreta/`, `2019/July`, `2022/11/09`: numbers mean something only below a year. */
function joined(names: readonly string[]): WallClock | null {
  const own = bareNumber.exec(names.at(-1) ?? "")?.groups;
  const above = names.at(-2) ?? "";
  if (own === undefined) return null;
  const value = own["n"] === undefined ? monthNumber(own["w"] ?? "") : Number(own["n"]);
  if (bareYear.test(above)) return wallClock(Number(above), value);
  const month = bareNumber.exec(above)?.groups;
  const year = names.at(-3) ?? "";
  if (month === undefined || !bareYear.test(year) || own["n"] === undefined) return null;
  return wallClock(Number(year), month["n"] === undefined ? monthNumber(month["w"] ?? "") : Number(month["n"]), value);
}

function named(parts: Parts): WallClock | null {
  const month = monthNumber(parts["w"] ?? "");
  const day = parts["d"];
  return day === undefined ? wallClock(number(parts["y"]), month) : wallClock(number(parts["y"]), month, number(day));
}

function range(parts: Parts): WallClock | null {
  const { y = "", m = "", y2 = y, m2 = m } = parts;
  return common([number(y), number(m), number(parts["d"])], [number(y2), number(m2), number(parts["d2"])]);
}

function dayFirstRange(parts: Parts): WallClock | null {
  const { y2 = "", m2 = "", y = y2, m = m2 } = parts;
  return common([number(y), number(m), number(parts["d"])], [number(y2), number(m2), number(parts["d2"])]);
}

/** What the first and the last day of a journey have in common; null if they are no days in this order. */
function common(first: readonly number[], last: readonly number[]): WallClock | null {
  const [from, until] = [wallClock(...first), wallClock(...last)];
  if (from === null || until === null || from > until) return null;
  if (from === until) return from;
  if (first[0] !== last[0]) return null;
  return first[1] === last[1] ? wallClock(...first.slice(0, 2)) : wallClock(...first.slice(0, 1));
}

/** "98" is 1998, "10" is 2010; what lies between is nobody's year. */
function fullYear(text: string | undefined): number {
  const year = number(text);
  if (text?.length !== 2) return year;
  return year >= 90 ? 1900 + year : year <= 60 ? 2000 + year : Number.NaN;
}
