/**
 * Documents as text from which the bytes can be got back, although they may hold invalid UTF-8.
 *
 * A byte 0xNN outside of valid UTF-8 stands as the lone surrogate U+DCNN, the way Python's "surrogateescape"
 * does it. The escapes of JSON documents that Python wrote (`\udcff`) mean the same.
 */
import { isUtf8 } from "node:buffer";
import { type PathText, pathText, pathTextOf } from "../model/path.ts";

/** Turns bytes into such text, whatever the places where they are cut into chunks. */
export class RawDecoder {
  /** The beginning of a sequence that the next chunk may go on with; at most 3 bytes. */
  #held: Buffer = Buffer.alloc(0);

  decode(chunk: Buffer): string {
    const bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    const end = bytes.length - unfinishedLength(bytes);
    this.#held = Buffer.from(bytes.subarray(end));
    return rawText(bytes.subarray(0, end));
  }

  end(): string {
    const rest = rawText(this.#held);
    this.#held = Buffer.alloc(0);
    return rest;
  }
}

/** The path that such text names; null if it holds surrogates that stand for no byte. */
export function pathOfRawText(text: string): PathText | null {
  if (!hasSurrogates.test(text)) return pathTextOf(text);
  const bytes = rawBytes(text);
  return bytes === null ? null : pathText(bytes);
}

const hasSurrogates = /\p{Cs}/u;

/** The bytes that the text stands for; null if it holds surrogates that stand for none. */
export function rawBytes(text: string): Buffer | null {
  const parts = text.split(/([\udc80-\udcff])/u);
  const bytes = parts.map((part, n) => (n % 2 === 0 ? Buffer.from(part) : Buffer.of(part.charCodeAt(0) & 0xff)));
  return parts.some((part, n) => n % 2 === 0 && hasSurrogates.test(part)) ? null : Buffer.concat(bytes);
}

/** Bytes as raw text, all at once. */
export function rawText(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString("utf8");
  let text = "";
  let valid = 0;
  for (let at = 0; at < bytes.length; ) {
    const length = sequenceLength(bytes, at);
    if (length === 0) {
      text += bytes.toString("utf8", valid, at) + String.fromCharCode(0xdc00 + (bytes[at] ?? 0));
      valid = at + 1;
    }
    at += Math.max(1, length);
  }
  return text + bytes.toString("utf8", valid);
}

/** Bytes of the valid UTF-8 sequence that starts at `at`; 0 if none does. */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at] ?? 0;
  const wanted = wantedLength(first);
  if (wanted <= 1) return wanted;
  const second = bytes[at + 1] ?? 0;
  if (second < lowestSecond(first) || second > highestSecond(first)) return 0;
  for (let n = 2; n < wanted; n++) if (((bytes[at + n] ?? 0) & 0xc0) !== 0x80) return 0;
  return wanted;
}

/** Length of a sequence that the end of the bytes may have cut; 0 if they end with a whole one, or with an invalid one. */
function unfinishedLength(bytes: Uint8Array): number {
  for (let length = 1; length <= 3 && length <= bytes.length; length++) {
    const at = bytes.length - length;
    const first = bytes[at] ?? 0;
    if ((first & 0xc0) === 0x80) continue;
    if (wantedLength(first) <= length) return 0;
    const second = bytes[at + 1];
    return second === undefined || (second >= lowestSecond(first) && second <= highestSecond(first)) ? length : 0;
  }
  return 0;
}

function wantedLength(first: number): number {
  return first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
}

/** Overlong forms and surrogates begin lower. */
function lowestSecond(first: number): number {
  return first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
}

function highestSecond(first: number): number {
  return first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
}
