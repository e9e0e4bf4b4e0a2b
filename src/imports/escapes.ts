/** The ways in which Rust programs write names that are not plain text. */
import { type PathText, pathText } from "../model/path.ts";
import { pathOfRawText, rawBytes } from "./raw-text.ts";

const named: Readonly<Record<string, string>> = { t: "\t", n: "\n", r: "\r", "0": "\0" };

/** STFU-8, as fclones writes paths: `\\`, `\n`, `\t`, `\r`, `\xNN` for bytes, `\uNNNNNN`. null if it is none. */
export function stfu8Path(text: string): PathText | null {
  return unescapedPath(text, /\\([tnr\\]|x[0-9a-f]{2}|u[0-9a-f]{6})/i, /\\/);
}

/** What `{:?}` makes of a path, without the quotes around it. null if it is none. */
export function rustDebugPath(text: string): PathText | null {
  return unescapedPath(text, /\\([tnr0\\"']|x[0-9a-f]{2}|u\{[0-9a-f]{1,6}\})/i, /[\\"\n]/);
}

/** @param escapes One group: what follows the backslash. @param bare What must not stand outside of escapes. */
function unescapedPath(text: string, escapes: RegExp, bare: RegExp): PathText | null {
  if (!bare.test(text)) return pathOfRawText(text);
  const parts = text.split(escapes);
  if (parts.some((part, n) => n % 2 === 0 && bare.test(part))) return null;
  const bytes = parts.map((part, n) => (n % 2 === 0 ? rawBytes(part) : escapedBytes(part)));
  const known = bytes.filter((part) => part !== null);
  return known.length < bytes.length ? null : pathText(Buffer.concat(known));
}

function escapedBytes(written: string): Buffer | null {
  if (/^x/i.test(written)) return Buffer.of(Number.parseInt(written.slice(1), 16));
  if (!/^u/i.test(written)) return Buffer.from(named[written.toLowerCase()] ?? written);
  const code = Number.parseInt(written.replace(/[u{}]/gi, ""), 16);
  return code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff) ? null : Buffer.from(String.fromCodePoint(code));
}
