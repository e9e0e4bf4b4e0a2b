import { Rung } from "../model/evidence.ts";
import type { Bytes } from "./bytes.ts";
import type { Findings } from "./findings.ts";

const maxBytes = 1000 * 1000;
const headSize = 4096;

/**
 * Reads when Google says a picture was taken, and the name it had there. Any other JSON, however
 * malformed or malicious, says nothing.
 */
export function readTakeoutJson(bytes: Bytes, findings: Findings): void {
  // Most JSON on a disk is something else, and not worth reading to its end.
  if (bytes.size > maxBytes || !/"(?:title|photoTakenTime)"/.test(bytes.at(0, headSize).toString("latin1"))) return;
  const text = bytes.at(0, bytes.size).toString("utf8");
  if (!text.includes('"photoTakenTime"')) return;
  const root = parsed(text);
  const seconds = secondsOf(own(own(root, "photoTakenTime"), "timestamp"));
  if (seconds === null) return;
  findings.type = "takeout";
  if (seconds !== 0) findings.addMoment(seconds, Rung.takeout, "Takeout photoTakenTime");
  const title = own(root, "title");
  if (typeof title === "string" && title !== "") findings.title = title;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\ufeff/, ""));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) return null;
    throw error;
  }
}

/** Only what the object itself holds: "__proto__" and its kin are nobody's date. */
function own(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value) || !Object.hasOwn(value, name))
    return undefined;
  return Object.getOwnPropertyDescriptor(value, name)?.value;
}

/** Google writes "" and "0" for unknown; a photo from before 1970 has a negative number. null: not a Takeout time. */
function secondsOf(value: unknown): number | null {
  if (value === "") return 0;
  if (typeof value === "number" && Number.isFinite(value)) return value;
  return typeof value === "string" && /^-?\d{1,12}$/.test(value) ? Number(value) : null;
}
