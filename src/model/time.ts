import type { Brand } from "./brand.ts";

/** Nanoseconds since 1970-01-01T00:00:00Z; negative before it. */
export type EpochNs = Brand<bigint, "EpochNs">;

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
