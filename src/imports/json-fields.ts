import type { Hash } from "../model/file.ts";
import type { PathText } from "../model/path.ts";
import type { Json, JsonToken } from "./json-document.ts";
import { pathOfRawText } from "./raw-text.ts";

/** The fields of one object by their names; of an array or object only the token it starts with. */
export class Fields {
  readonly #tokens = new Map<string, JsonToken>();
  /** Names in the order of the document. */
  readonly names: string[] = [];
  hasTwice = false;

  set(name: string, token: JsonToken): void {
    if (this.#tokens.has(name)) this.hasTwice = true;
    else {
      this.#tokens.set(name, token);
      this.names.push(name);
    }
  }

  has(name: string): boolean {
    return this.#tokens.has(name);
  }

  kind(name: string): JsonToken["name"] | null {
    return this.#tokens.get(name)?.name ?? null;
  }

  /** null if there is no such string. */
  text(name: string): string | null {
    const token = this.#tokens.get(name);
    return token?.name === "stringValue" ? token.value : null;
  }

  path(name: string): PathText | null {
    const text = this.text(name);
    return text === null ? null : pathOfRawText(text);
  }

  /** Bytes: null if the field is absent or null, "wrong" if it is no whole number from 0 to 2^53 - 1. */
  size(name: string): number | null | "wrong" {
    const token = this.#tokens.get(name);
    if (token === undefined || token.name === "nullValue") return null;
    const size = token.name === "numberValue" && /^\d+$/.test(token.value) ? Number(token.value) : Number.NaN;
    return Number.isSafeInteger(size) ? size : "wrong";
  }

  /** Whole seconds since 1970, rounded down; null if the field is no plausible time, or 0, which tools write for "unknown". */
  seconds(name: string): bigint | null {
    const token = this.#tokens.get(name);
    const [, minus = "", whole, fraction = ""] =
      (token?.name === "numberValue" && /^(-?)(\d{1,12})(?:\.(\d+))?$/.exec(token.value)) || [];
    if (whole === undefined) return null;
    const seconds = BigInt(`${minus}${whole}`) - (minus !== "" && /[1-9]/.test(fraction) ? 1n : 0n);
    return seconds === 0n ? null : seconds;
  }
}

/**
 * Reads the fields of an object whose start was taken, up to its end.
 *
 * @param wanted Names of the fields to keep; all others are passed over.
 * @param inside Reads the array or object that a field holds, whose start was taken, up to its end. Those of other
 *   fields are passed over. `before` is what is known up to there.
 */
export function* fieldsOf(
  wanted: ReadonlySet<string>,
  inside: (name: string, start: JsonToken, before: Fields) => Json<void> | null = () => null,
): Json<Fields> {
  const fields = new Fields();
  for (;;) {
    const key = yield;
    if (key.name !== "keyValue") return fields;
    const value = yield;
    if (wanted.has(key.value)) fields.set(key.value, value);
    if (isStart(value)) yield* inside(key.value, value, fields) ?? restOf();
  }
}

/** Passes over the rest of an array or object whose start was taken. */
export function* restOf(): Json<void> {
  for (let depth = 1; depth > 0; ) {
    const token = yield;
    if (isStart(token)) depth++;
    else if (isEnd(token)) depth--;
  }
}

export function isStart({ name }: JsonToken): boolean {
  return name === "startObject" || name === "startArray";
}

function isEnd({ name }: JsonToken): boolean {
  return name === "endObject" || name === "endArray";
}

/** BLAKE3-256 as czkawka writes it; null for any other checksum. Ask only where it can be no other of this length. */
export function hash256(text: string | null): Hash | null {
  return text !== null && /^[0-9a-f]{64}$/i.test(text) ? (text.toLowerCase() as Hash) : null;
}
