/** Which tool wrote a document, and how, by its beginning. */
import { jsonParser, type Token } from "stream-json/core/parser.js";
import { CzkawkaJson } from "./czkawka-json.ts";
import { CzkawkaText } from "./czkawka-text.ts";
import { FclonesJson } from "./fclones-json.ts";
import { FclonesText } from "./fclones-text.ts";
import { FdupesSameLine } from "./fdupes-sameline.ts";
import { FdupesText } from "./fdupes-text.ts";
import type { GroupBuilder } from "./groups.ts";
import type { FormatName } from "./import.ts";
import { JdupesJson } from "./jdupes-json.ts";
import { JsonDocument } from "./json-document.ts";
import { JsonGuard } from "./json-guard.ts";
import { chunkSize, longestName } from "./limits.ts";
import { LineDocument, type LineFormat } from "./lines.ts";
import { rawText } from "./raw-text.ts";
import { RdfindText } from "./rdfind-text.ts";
import type { Reader } from "./reader.ts";
import { RmlintJson } from "./rmlint-json.ts";
import { NotUnderstood } from "./understanding.ts";

/** The beginning of a document. */
export interface Head {
  /** The document's first bytes, all of them if it is short, without a byte order mark. */
  readonly bytes: Buffer;
  /** Without its folder. */
  readonly fileName: string;
}

/** @throws NotUnderstood if it is no format that can be read, or not the one wanted. */
export function readerFor(
  head: Head,
  wanted: FormatName | "detect",
  groups: GroupBuilder,
): { readonly format: FormatName; readonly reader: Reader } {
  refuseForeign(head.bytes);
  const text = rawText(head.bytes);
  const isJson = /^\s*[[{]/.test(text);
  const format = wanted !== "detect" ? wanted : isJson ? jsonFormat(text) : textFormat(text);
  return { format, reader: isJson ? jsonReader(format, head, groups) : textReader(format, text, groups) };
}

function jsonReader(format: FormatName, { fileName }: Head, groups: GroupBuilder): Reader {
  switch (format) {
    case "czkawka":
      return new JsonDocument(new CzkawkaJson(groups, fileName));
    case "fclones":
      return new JsonDocument(new FclonesJson(groups));
    case "rmlint":
      return new JsonDocument(new RmlintJson(groups));
    case "jdupes":
      return new JsonDocument(new JdupesJson(groups));
    case "rdfind":
    case "fdupes":
      throw new NotUnderstood(`is JSON, which ${format} does not write`);
  }
}

function textReader(format: FormatName, text: string, groups: GroupBuilder): Reader {
  const lines = (of: LineFormat) => new LineDocument(of, { isWindows: hasWindowsLines(text) });
  switch (format) {
    case "czkawka":
      return lines(new CzkawkaText(groups));
    case "fclones":
      return text.startsWith("#") || text === "" ? lines(new FclonesText(groups)) : listReader(format, text, groups);
    case "rdfind":
      return lines(new RdfindText(groups));
    case "jdupes":
    case "rmlint":
    case "fdupes":
      return listReader(format, text, groups);
  }
}

/** Paths with no heading: what fdupes writes, and other tools like it. */
function listReader(format: FormatName, text: string, groups: GroupBuilder): Reader {
  if (isSameLine(text)) return new FdupesSameLine(groups);
  return new LineDocument(new FdupesText(groups, format), { isWindows: hasWindowsLines(text) });
}

function refuseForeign(head: Buffer): void {
  const packed = ["1f8b", "28b52ffd", "fd377a58", "425a68", "504b0304"].some((magic) =>
    head.subarray(0, 4).toString("hex").startsWith(magic),
  );
  if (packed)
    throw new NotUnderstood("is compressed", { hint: "Unpack it first, for example with gunzip or zstd -d." });
  const wide = ["fffe", "feff"].includes(head.subarray(0, 2).toString("hex"));
  if (wide) throw new NotUnderstood("is UTF-16", { hint: "Save it as UTF-8; PowerShell's > writes UTF-16." });
  if (head.includes(0)) throw new NotUnderstood("is no text: it holds zero bytes");
}

function textFormat(text: string): FormatName {
  if (text.trim() === "") throw new NotUnderstood("is empty");
  if (text.startsWith("Results of searching ")) return "czkawka";
  if (text.startsWith("# Report by fclones")) return "fclones";
  if (/^# (?:Automatically generated|duptype )/.test(text)) return "rdfind";
  if (/^\d+ bytes? each:\r?\n/.test(text)) return "fdupes";
  const isList = /^(?:\d{4}-\d\d-\d\d \d\d:\d\d )?(?:\/|[A-Za-z]:[\\/]|\\\\)/.test(text);
  // A list without empty lines may be any list of files.
  if (isList && (/\n\r?\n/.test(text) || isSameLine(text))) return "fdupes";
  throw new NotUnderstood(isList ? "may be any list of files" : "is no list of duplicates that can be read", {
    hint: "If it is what fdupes or a tool like it wrote, say --format fdupes.",
  });
}

/** The first group of `fdupes --sameline`: paths with a space after each, and no other space bare. */
const sameLineGroup = (() => {
  const path = /(?:\/(?:\\[\s\S]|[^\\ /])+)+ /.source;
  const time = /\d{4}-\d\d-\d\d \d\d:\d\d /.source;
  return new RegExp(`^(?:\\d+ bytes? each:\\n)?(?:(?:${path}){2,}|(?:${time}${path}){2,})`);
})();

function isSameLine(text: string): boolean {
  const [group = ""] = sameLineGroup.exec(text) ?? [];
  const isCutByHead = text.length >= chunkSize / 4 && text.length - group.length < longestName / 8;
  return group !== "" && (text[group.length] === "\n" || isCutByHead);
}

function hasWindowsLines(text: string): boolean {
  return text.includes("\r\n") && !/(?<!\r)\n/.test(text);
}

/** By the keys at the beginning. What is neither of the others is czkawka's, whose keys are sizes and names. */
function jsonFormat(text: string): FormatName {
  const tokens = firstTokens(text);
  if (tokens[0]?.name === "startArray") {
    const isRmlint = tokens[2]?.name === "keyValue" && tokens[2].value === "description";
    return isRmlint && tokens[3]?.name === "stringValue" && /^rmlint/.test(tokens[3].value) ? "rmlint" : "czkawka";
  }
  for (let at = 1; at < tokens.length; at += 2) {
    const [key, value, inside, field] = tokens.slice(at, at + 4);
    if (key?.name !== "keyValue") break;
    if (/^jdupesVersion/.test(key.value)) return "jdupes";
    if (key.value === "header" && value?.name === "startObject") return "fclones";
    const isEmpty = inside?.name === "endArray";
    const has = (names: readonly string[]) => field?.name === "keyValue" && names.includes(field.value);
    if (key.value === "groups" && (isEmpty || has(["file_len", "file_hash", "files"]))) return "fclones";
    if (key.value === "matchSets" && (isEmpty || has(["fileSize", "fileList"]))) return "jdupes";
    if (value?.name === "startObject" || value?.name === "startArray") break;
  }
  return "czkawka";
}

function firstTokens(text: string): readonly Token[] {
  const parse = jsonParser({ packValues: true, streamValues: false });
  const guard = new JsonGuard();
  const tokens: Token[] = [];
  // In small parts: an error must not take what stands before it.
  for (let at = 0; at < text.length && tokens.length < 100; at += 64) {
    try {
      const part = parse(guard.pass(text.slice(at, at + 64)));
      if (typeof part !== "symbol") tokens.push(...part.values);
    } catch {
      // The reader will meet the same error, and tell it.
      break;
    }
  }
  return tokens;
}
