import type { Hash } from "../model/file.ts";
import { type PathText, pathBytes, splitExtension } from "../model/path.ts";

/** Longest name that ext4, XFS, Btrfs and ZFS take, in bytes. */
export const maxNameBytes = 255;
/** Longest path below the archive's root, in bytes: Linux takes 4,095 with the root in front. */
export const maxPathBytes = 3_584;
/** Deepest path below the archive's root, in parts. */
const maxParts = 1_024;

/** An ending longer than this is no file type but a name that happens to hold a dot. */
const maxExtensionBytes = 64;

/**
 * Two names with the same key are one name to some reader of the archive: Windows,
 * macOS and SMB clients ignore case, the Unicode form, and dots and spaces at the end.
 *
 * Full case folding as far as JavaScript has it: "straße" = "STRASSE", "ı" = "I".
 */
export function foldedKey(name: string): string {
  const end = endWithoutDotsAndSpaces(name);
  const kept = end === 0 ? name : name.slice(0, end);
  return isAscii.test(kept) ? kept.toLowerCase() : fold(fold(kept));
}

/** {@link foldedKey} of every part of a path. */
export function foldedPath(path: string): string {
  return path.split("/").map(foldedKey).join("/");
}

/** Bytes of the name that `text` stands for; a `\xNN` counts one. */
export function byteLength(text: string): number {
  return text.includes("\\") ? pathBytes(text as PathText).length : Buffer.byteLength(text);
}

/**
 * "IMG_1.jpg" → "IMG_1~0a1b2c3d.jpg": the name of a content that found its plain name taken.
 * Fits in 255 bytes: the stem is cut between characters, the extension stays.
 *
 * @param digits Hex digits of the hash to show.
 */
export function withHash8(name: PathText, hash: Hash, digits = 8): PathText {
  return withMark(name, `~${hash.slice(0, digits)}`);
}

/** The same with any mark in place of "~HASH8". @param stem What the mark goes behind, if not all before the last dot. */
export function withMark(name: PathText, mark: string, stem?: string): PathText {
  const [head, tail] = cutPoint(name, stem);
  const room = maxNameBytes - byteLength(mark) - byteLength(tail);
  return `${cutToBytes(head, room)}${mark}${tail}` as PathText;
}

/** `name` itself if it fits in 255 bytes, else cut, with `mark` in front of the extension to keep it unlike its neighbours. */
export function fitName(name: PathText, mark: string): PathText {
  return byteLength(name) <= maxNameBytes ? name : withMark(name, mark);
}

/**
 * A folder path that fits: names too long are cut, and where the whole is too
 * long or too deep its lower folders become one, "~" and a checksum of them.
 * One folder always becomes the same one; different ones stay different but for chance (2⁻⁵²).
 */
export function fitFolder(folder: PathText): PathText {
  // As good as all: so short that none of its parts can be too long, nor too many.
  if (byteLength(folder) <= maxNameBytes) return folder;
  const parts = folder.split("/").map((part) => fitName(part as PathText, `~${checksum(part)}`));
  const room = maxPathBytes - 2 * (maxNameBytes + 1);
  let used = 0;
  const kept = parts.findIndex((part, n) => {
    used += byteLength(part) + 1;
    return used > room || n >= maxParts - 2;
  });
  if (kept === -1) return parts.join("/") as PathText;
  return [...parts.slice(0, kept), `~${checksum(parts.slice(kept).join("/"))}`].join("/") as PathText;
}

const isAscii = /^[\x20-\x7e]*$/;

/** Once is not enough: the case pair of a letter may have another normal form, which has another case pair. */
function fold(text: string): string {
  return text.normalize("NFC").toUpperCase().toLowerCase().normalize("NFC");
}

function endWithoutDotsAndSpaces(name: string): number {
  let end = name.length;
  while (end > 0 && (name[end - 1] === "." || name[end - 1] === " ")) end--;
  return end;
}

function cutPoint(name: PathText, stem: string | undefined): readonly [head: string, tail: string] {
  if (stem !== undefined && stem !== "" && name.startsWith(stem)) {
    const tail = name.slice(stem.length);
    if (byteLength(tail) <= maxExtensionBytes) return [stem, tail];
  }
  const [head, tail] = splitExtension(name);
  return byteLength(tail) <= maxExtensionBytes ? [head, tail] : [name, ""];
}

/** Cuts between code points and never inside a `\xNN`. */
function cutToBytes(text: string, limit: number): string {
  if (byteLength(text) <= limit) return text;
  let used = 0;
  let kept = "";
  for (const [unit] of text.matchAll(/\\x[0-9a-f]{2}|./gsu)) {
    used += byteLength(unit);
    if (used > limit) break;
    kept += unit;
  }
  return kept;
}

/** 13 hex digits that tell texts apart (53-bit FNV-like mix; no protection against an attacker). */
function checksum(text: string): string {
  let high = 0x811c9dc5;
  let low = 0xcbf29ce4;
  for (let n = 0; n < text.length; n++) {
    const unit = text.charCodeAt(n);
    high = Math.imul(high ^ unit, 0x01000193);
    low = Math.imul(low ^ (unit + n), 0x5bd1e995);
    low ^= high >>> 13;
  }
  return ((high >>> 11) * 2 ** 32 + (low >>> 0)).toString(16).padStart(14, "0").slice(-13);
}
