import { Rung } from "../model/evidence.ts";
import type { Bytes } from "./bytes.ts";
import type { Findings } from "./findings.ts";

const fileProperties = "a1dcab8c47a9cf118ee400c00c205365";
const secondsSince1601 = 11_644_473_600n;
const maxObjects = 50;

/** Reads the date of WMV and ASF: tenths of microseconds since 1601, UTC, in the file properties of the header. */
export function readAsf(bytes: Bytes, findings: Findings): void {
  let at = 30;
  for (let seen = 0; seen < maxObjects; seen++) {
    const head = bytes.at(at, 56);
    if (head.length < 24) return;
    if (head.toString("hex", 0, 16) === fileProperties) {
      const seconds = head.readBigUInt64LE(48) / 10_000_000n - secondsSince1601;
      findings.addMoment(Number(seconds), Rung.streamOriginal, "ASF CreationDate");
      return;
    }
    at += Math.max(24, Number(head.readBigUInt64LE(16)));
  }
}
