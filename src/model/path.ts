/**
 * Paths as text that can be read back to exactly the bytes on the disk.
 *
 * File names are bytes. In the database, in JSON and on the screen they stand
 * as text in which every byte that is not part of valid UTF-8, every control
 * character and every backslash is written `\xNN`.
 */
import type { Brand } from "./brand.ts";

/** A path or one name in it, escaped as above; "/" between parts, none in front unless absolute. */
export type PathText = Brand<string, "PathText">;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const special = /[\x00-\x1f\x7f-\x9f\\]/;
const specials = /[\x00-\x1f\x7f-\x9f\\]/g;

/** Text for the bytes of a name or path. Exact: {@link pathBytes} gives the same bytes back. */
export function pathText(bytes: Uint8Array): PathText {
  try {
    return pathTextOf(utf8.decode(bytes));
  } catch {
    return escapeInvalid(bytes);
  }
}

/** The same for a name that is known to be valid UTF-8, e.g. because no U+FFFD stands in it. */
export function pathTextOf(name: string): PathText {
  return (special.test(name) ? name.replace(specials, escapeCharacter) : name) as PathText;
}

/** The bytes that `text` stands for. */
export function pathBytes(text: PathText): Buffer {
  if (!text.includes("\\")) return Buffer.from(text, "utf8");
  const parts = text.split(/\\x([0-9a-f]{2})/);
  return Buffer.concat(
    parts.map((part, n) => (n % 2 === 1 ? Buffer.of(Number.parseInt(part, 16)) : Buffer.from(part))),
  );
}

/** What node's file functions take: the text itself wherever it is the name, else the bytes. */
export function systemPath(text: PathText): string | Buffer {
  return text.includes("\\") ? pathBytes(text) : text;
}

/** Reads text that a person or another program wrote; null if it is not in the one form {@link pathText} writes. */
export function parsePathText(text: string): PathText | null {
  if (text.includes("\0") || /\p{Cs}/u.test(text)) return null;
  return pathText(pathBytes(text as PathText)) === text ? (text as PathText) : null;
}

/** Joins parts with "/"; empty parts vanish, so that "" is the root of a source. */
export function joinPath(...parts: readonly string[]): PathText {
  return parts.filter((part) => part !== "").join("/") as PathText;
}

/** The folder a path lies in; "" for a path without "/". */
export function folderOf(path: PathText): PathText {
  return path.slice(0, Math.max(0, path.lastIndexOf("/"))) as PathText;
}

/** The last part of a path. */
export function nameOf(path: PathText): PathText {
  return path.slice(path.lastIndexOf("/") + 1) as PathText;
}

/** Splits a name before its last dot: ["IMG_1", ".jpg"]; a leading dot does not count. */
export function splitExtension(name: string): readonly [stem: string, extension: string] {
  const dot = name.lastIndexOf(".");
  return dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, ""];
}

function escapeCharacter(character: string): string {
  return [...Buffer.from(character, "utf8")].map(escapeByte).join("");
}

function escapeByte(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, "0")}`;
}

/** Walks the longest valid UTF-8 sequences; bytes outside any of them are escaped one by one. */
function escapeInvalid(bytes: Uint8Array): PathText {
  let text = "";
  for (let at = 0; at < bytes.length; ) {
    const length = sequenceLength(bytes, at);
    const sequence = bytes.subarray(at, at + length);
    const character = length === 0 ? null : tryDecode(sequence);
    text += character === null ? escapeByte(bytes[at] ?? 0) : pathTextOf(character);
    at += character === null ? 1 : length;
  }
  return text as PathText;
}

function sequenceLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at] ?? 0;
  const length = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  return at + length <= bytes.length ? length : 0;
}

function tryDecode(bytes: Uint8Array): string | null {
  try {
    return utf8.decode(bytes);
  } catch {
    return null;
  }
}
