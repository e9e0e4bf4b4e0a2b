import type { Brand } from "./brand.ts";

/** Nanoseconds since 1970-01-01T00:00:00Z; negative before it. */
export type EpochNs = Brand<bigint, "EpochNs">;

const latest = 9_223_372_036_854_775_807n;
const earliest = -latest - 1n;

/** Times beyond the years 1677 to 2262 do not fit in 64 bits of nanoseconds: they count as the last that does. */
export function storable(time: bigint): EpochNs {
  return (time > latest ? latest : time < earliest ? earliest : time) as EpochNs;
}

/** How far clocks and their ticks are trusted: covers the 2 s of FAT and small steps of a clock. */
const tickNs = 3_000_000_000n;

/**
 * Whether a file may have changed after it was read without that its times tell: one of them is so close to the reading
 * that a change after it may have the same. A time that was still to come when reading ended is no such: a change would
 * get another.
 *
 * @param began When reading began, or earlier; in ms since 1970, by our clock.
 * @param ended When it ended; null: not known.
 */
export function isRacy(modified: bigint, changed: bigint, began: number, ended: number | null): boolean {
  const from = BigInt(began) * 1_000_000n - tickNs;
  if (modified <= from && changed <= from) return false;
  const to = ended === null ? latest : BigInt(ended) * 1_000_000n + tickNs;
  return [modified, changed].some((time) => time > from && time <= to);
}

/**
 * Seconds as text, for `utimes`: node takes a negative *number*, a time before
 * 1970, for "now", but text as it stands. Rounded to the microsecond, which is
 * all that node passes on.
 */
export function utimesSeconds(time: EpochNs): string {
  const microseconds = (time < 0n ? time - 500n : time + 500n) / 1000n;
  const sign = microseconds < 0n ? "-" : "";
  const size = microseconds < 0n ? -microseconds : microseconds;
  return `${sign}${size / 1_000_000n}.${String(size % 1_000_000n).padStart(6, "0")}`;
}

/** ISO text in UTC with as many fraction digits as it needs, e.g. "2019-07-04T12:33:11.5Z". */
export function isoTime(time: EpochNs): string {
  const ns = ((time % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  const whole = new Date(Number((time - ns) / 1_000_000n));
  if (Number.isNaN(whole.getTime())) return `${time / 1_000_000_000n}s`;
  const fraction = ns === 0n ? "" : `.${String(ns).padStart(9, "0").replace(/0+$/, "")}`;
  return whole.toISOString().replace(/\.\d+Z$/, `${fraction}Z`);
}
