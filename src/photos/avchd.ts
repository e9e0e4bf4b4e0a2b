import { Rung } from "../model/evidence.ts";
import { wallClock } from "../model/wall-clock.ts";
import type { Bytes } from "./bytes.ts";
import type { Findings } from "./findings.ts";

const stepSize = 16 * 1024;
const maxSearched = 256 * 1024;
const mark = Buffer.from("MDPM", "latin1");
const dateField = 0x18;
const timeField = 0x19;

/**
 * Reads when a camcorder recorded: AVCHD writes it into the first pictures of the H.264 stream, as fields of one byte
 * of name and four of value behind the letters "MDPM". Looks for them in the first 256 KiB, step by step.
 */
export function readAvchd(bytes: Bytes, findings: Findings): void {
  for (let at = 0; at < Math.min(bytes.size, maxSearched); at += stepSize) {
    // A little more than a step, so that what lies across its end is found.
    const piece = bytes.at(at, stepSize + 64);
    const found = piece.indexOf(mark);
    if (found < 0) continue;
    readFields(piece.subarray(found + mark.length), findings);
    if (findings.dated) return;
  }
  findings.unread ??= "MPEG transport stream";
}

function readFields(fields: Buffer, findings: Findings): void {
  const count = Math.min(fields[0] ?? 0, 20);
  const values = new Map<number, Buffer>();
  for (let n = 0; n < count; n++) values.set(fields[1 + 5 * n] ?? 0, fields.subarray(2 + 5 * n, 6 + 5 * n));
  const [zone = 0xff, ...date] = values.get(dateField) ?? [];
  const time = [...(values.get(timeField) ?? [])];
  const [century = 0, year = 0, month = 0, day = 0, ...clock] = [...date, ...time].map(fromDigits);
  const at = clock.length === 3 ? wallClock(century * 100 + year, month, day, ...clock) : null;
  if (at !== null) findings.addClock(at, zoneOf(zone), Rung.streamOriginal, "H264 DateTimeOriginal");
}

/** Two decimal digits in one byte: 0x59 is 59. */
function fromDigits(byte: number): number {
  return byte >> 4 < 10 && (byte & 15) < 10 ? (byte >> 4) * 10 + (byte & 15) : Number.NaN;
}

/** A byte of half an hour, four bits of hours, a sign; the highest bit says that it is not set. */
function zoneOf(byte: number): string {
  if (byte >= 0x80) return "local";
  const hours = String((byte >> 1) & 15).padStart(2, "0");
  return `${(byte & 0x20) === 0 ? "+" : "-"}${hours}:${(byte & 1) === 0 ? "00" : "30"}`;
}
