import { inflateSync } from "node:zlib";
import { Rung } from "../model/evidence.ts";
import { wallClock } from "../model/wall-clock.ts";
import { type Bytes, inMemory, part } from "./bytes.ts";
import { readExif } from "./exif.ts";
import type { Findings } from "./findings.ts";
import { photoshopResources, readIptc } from "./iptc.ts";
import { readXmp } from "./xmp.ts";

interface Chunk {
  readonly name: string;
  readonly content: Bytes;
}

interface Text {
  readonly keyword: string;
  readonly value: Buffer;
}

const maxText = 256 * 1024;
const maxInflated = 1024 * 1024;
/** Picture chunks to step over in search of text behind them; some writers make thousands of small ones. */
const maxPictureChunks = 16;

/** Reads EXIF, XMP and texts of a PNG, in all the ways they were ever written, before the picture and behind it. */
export function readPng(bytes: Bytes, findings: Findings): void {
  for (const { name, content } of chunksOf(bytes)) {
    if (name === "eXIf") readExif(content, findings);
    else if (name === "tIME") readTime(content.at(0, 7), findings);
    else if (name === "tEXt" || name === "zTXt" || name === "iTXt") readText(textOf(name, content), findings);
  }
}

function* chunksOf(bytes: Bytes): Generator<Chunk> {
  let pictures = 0;
  for (let at = 8; pictures <= maxPictureChunks; ) {
    const head = bytes.at(at, 8);
    if (head.length < 8) return;
    const size = head.readUInt32BE(0);
    const name = head.toString("latin1", 4);
    if (name === "IDAT" || name === "fdAT") pictures++;
    else if (/^[A-Za-z]{4}$/.test(name)) yield { name, content: part(bytes, at + 8, size) };
    else return;
    at += 12 + size;
  }
}

/** The time of the last change: seven bytes, UTC by the book, local by most programs. */
function readTime(time: Buffer, findings: Findings): void {
  if (time.length < 7) return;
  const at = wallClock(time.readUInt16BE(0), ...time.subarray(2, 7));
  if (at !== null) findings.addClock(at, "local", Rung.modifiedInside, "PNG tIME");
}

function textOf(chunk: string, content: Bytes): Text | null {
  const data = content.at(0, maxText);
  const end = data.indexOf(0);
  if (end < 1) return null;
  const keyword = data.toString("latin1", 0, end);
  if (chunk === "tEXt") return { keyword, value: data.subarray(end + 1) };
  if (chunk === "zTXt") return { keyword, value: inflated(data.subarray(end + 2)) };
  const language = data.indexOf(0, end + 3);
  const translated = data.indexOf(0, language + 1);
  if (language < 0 || translated < 0) return null;
  const value = data.subarray(translated + 1);
  return { keyword, value: data[end + 1] === 1 ? inflated(value) : value };
}

function readText(text: Text | null, findings: Findings): void {
  if (text === null) return;
  const { keyword, value } = text;
  const [, profile] = /^Raw profile type (\w+)$/i.exec(keyword) ?? [];
  if (profile !== undefined) readProfile(fromHex(value), findings);
  else if (keyword === "XML:com.adobe.xmp") readXmp(inMemory(value), findings, "embedded");
  else if (
    /^(?:creation[ _]?time|date:?create|create[ -]?date|DateTimeOriginal|exif:DateTimeOriginal)$/i.test(keyword)
  ) {
    // ImageMagick's date:create is the time of the file, not of the picture.
    const rung = /^date:/i.test(keyword) ? Rung.modifiedInside : Rung.embeddedText;
    findings.addText(value.toString("utf8", 0, 60), rung, `PNG ${keyword}`);
  }
}

/** ImageMagick's way: name, length and content as hex, of an EXIF, XMP, IPTC or Photoshop block. */
function readProfile(content: Buffer, findings: Findings): void {
  const head = content.toString("latin1", 0, 64);
  if (/^Exif\0/.test(head)) readExif(inMemory(content.subarray(6)), findings);
  else if (head.startsWith("http://ns.adobe.com/xap/")) readXmp(inMemory(content), findings, "embedded");
  else if (/<\?xpacket|<x:xmpmeta|<rdf/.test(head)) readXmp(inMemory(content), findings, "embedded");
  else if (head.startsWith("8BIM")) {
    photoshopResources(inMemory(content), (id, begin, size) => {
      if (id === 0x0404) readIptc(inMemory(content.subarray(begin, begin + size)), findings);
    });
  } else if (!readExif(inMemory(content), findings)) readIptc(inMemory(content), findings);
}

function fromHex(text: Buffer): Buffer {
  const [, hex = ""] = /^\s*\S+\s+\d+\s+([0-9a-f\s]*)/i.exec(text.toString("latin1")) ?? [];
  return Buffer.from(hex.replace(/\s+/g, ""), "hex");
}

function inflated(data: Buffer): Buffer {
  return inflateSync(data, { maxOutputLength: maxInflated });
}
