import { blake3 } from "@napi-rs/blake-hash";

/** What the checksum of a journal's first line is chained to. */
export const chainStart = "0".repeat(16);

/** One line of a journal, and the checksum that the next line is chained to. */
export interface SealedLine {
  /** With its newline. */
  readonly text: string;
  readonly sum: string;
}

/**
 * Ends a JSON object with `"sum"`: the first 16 hex digits of BLAKE3 over the sum of the line before, followed by this
 * line's text up to `,"sum"`. So no line can be lost, changed, moved or added in the middle unnoticed.
 */
export function sealLine(record: object, previousSum: string): SealedLine {
  const body = JSON.stringify(record).slice(0, -1);
  const sum = chain(previousSum, body);
  return { text: `${body},"sum":"${sum}"}\n`, sum };
}

/** The record in a line without its newline, and its sum; null if the line is not what was written. */
export function openLine(line: string, previousSum: string): { record: Record<string, unknown>; sum: string } | null {
  const [, body, sum] = /^(\{.*),"sum":"([0-9a-f]{16})"\}$/s.exec(line) ?? [];
  if (body === undefined || sum === undefined || chain(previousSum, body) !== sum) return null;
  try {
    return { record: JSON.parse(`${body}}`), sum };
  } catch {
    return null;
  }
}

function chain(previousSum: string, body: string): string {
  return blake3(previousSum + body)
    .toString("hex")
    .slice(0, 16);
}
