/** Arithmetic on wall clocks as text. No `Date`: it would mean the zone of this machine. */
import type { WallClock } from "./evidence.ts";

export type Precision = "year" | "month" | "day" | "second";

const lengths: Readonly<Record<number, Precision>> = { 4: "year", 7: "month", 10: "day", 19: "second" };
const daySeconds = 86_400;
const two = (number: number) => String(number).padStart(2, "0");

/**
 * Writes a wall clock from its parts, as many as are known.
 *
 * @param parts Year (1..9999), then optionally month (1..12), day, and hour, minute, second together.
 * @returns null if the calendar or the clock has no such time, or only a part of the clock is given.
 */
export function wallClock(...parts: readonly number[]): WallClock | null {
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = parts;
  if (![1, 2, 3, 6].includes(parts.length) || !parts.every(Number.isInteger)) return null;
  if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return null;
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) return null;
  const date = [String(year).padStart(4, "0"), two(month), two(day)].slice(0, parts.length).join("-");
  return (parts.length === 6 ? `${date}T${two(hour)}:${two(minute)}:${two(second)}` : date) as WallClock;
}

export function precisionOf(at: WallClock): Precision {
  return lengths[at.length] ?? "year";
}

/** "2008-07", or null where no more than the year is known. */
export function monthOf(at: WallClock): string | null {
  return at.length >= 7 ? at.slice(0, 7) : null;
}

/** Whether `finer` says the same as `coarse`, and more. */
export function completes(finer: WallClock, coarse: WallClock): boolean {
  return finer.length > coarse.length && finer.startsWith(coarse);
}

/** Seconds since 1970-01-01T00:00:00 on the same wall, of the first moment that `at` may mean. */
export function clockSeconds(at: WallClock): number {
  const number = (from: number, to: number, missing: number) =>
    at.length >= to ? Number(at.slice(from, to)) : missing;
  const days = dayNumber(number(0, 4, 1), number(5, 7, 1), number(8, 10, 1));
  return days * daySeconds + number(11, 13, 0) * 3600 + number(14, 16, 0) * 60 + number(17, 19, 0);
}

/** Seconds since 1970 of the last moment that `at` may mean: for "2008-07" the end of July. */
export function lastClockSeconds(at: WallClock): number {
  const year = Number(at.slice(0, 4));
  const month = at.length >= 7 ? Number(at.slice(5, 7)) : 12;
  if (at.length >= 19) return clockSeconds(at);
  const day = at.length >= 10 ? Number(at.slice(8, 10)) : daysIn(year, month);
  return (dayNumber(year, month, day) + 1) * daySeconds - 1;
}

/** The wall clock that shows `seconds` after 1970-01-01T00:00:00; null outside the years 1..9999. */
export function clockAt(seconds: number): WallClock | null {
  if (!Number.isFinite(seconds)) return null;
  const whole = Math.floor(seconds);
  const days = Math.floor(whole / daySeconds);
  const rest = whole - days * daySeconds;
  const [year, month, day] = dateOfDay(days);
  return wallClock(year, month, day, Math.floor(rest / 3600), Math.floor(rest / 60) % 60, rest % 60);
}

/** Reads "+02:00", "-0330", "+2", "Z"; null if it is no offset of a place on Earth (at most 14 hours). */
export function parseOffset(text: string): string | null {
  if (/^z$/i.test(text.trim())) return "+00:00";
  const [, sign, hours = "", minutes = "0"] = /^\s*([+-])(\d{1,2})(?::?([0-5]\d))?\s*$/.exec(text) ?? [];
  const total = Number(hours) * 60 + Number(minutes);
  if (sign === undefined || total > 14 * 60) return null;
  return `${sign}${two(Math.floor(total / 60))}:${two(total % 60)}`;
}

/** Text of an offset in seconds, to the minute. */
export function offsetText(seconds: number): string {
  const minutes = Math.round(Math.abs(seconds) / 60);
  return `${seconds < 0 ? "-" : "+"}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

function daysIn(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

/** Days since 1970-01-01. Counts years from March, so that the leap day is the last of its year. */
function dayNumber(year: number, month: number, day: number): number {
  const shifted = month > 2 ? year : year - 1;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

function dateOfDay(days: number): readonly [year: number, month: number, day: number] {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  return [
    yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1,
  ];
}
