import { Rung } from "../model/evidence.ts";
import { type Box, boxesIn, boxIn } from "./boxes.ts";
import { type Bytes, part } from "./bytes.ts";
import { readExif } from "./exif.ts";
import type { Findings } from "./findings.ts";
import { parseStamp, sinceQuickTimeZero } from "./stamp.ts";
import { readXmp } from "./xmp.ts";

const canonUuid = "uuid:85c0b687820f11e08111f4ce462b6a48";
const xmpUuid = "uuid:be7acfcb97a942e89c71999491e3afac";
// In user data: names, places, chapters; nothing about time that is not also elsewhere.
const dumb = /^(?:meta|name|titl|auth|cprt|loci|chpl|hnti|hinf|WLOC|LOOP|SelO|AllF|Xtra|ptv |tagc|kywd|\xa9(?!day))|\0/;
const keysWithDates: ReadonlyMap<string, string> = new Map([
  ["com.apple.quicktime.creationdate", "CreationDate"],
  ["com.apple.proapps.cliprecorddate", "ClipRecordDate"],
  ["com.android.capture.creationdate", "CreationDate"],
]);

/**
 * Reads the dates of MP4 and MOV: Apple's CreationDate with its offset, ContentCreateDate, and the times in the
 * headers of movie and tracks, which are UTC by the book. Walks from box to box, so that a film of gigabytes costs
 * a few KiB, wherever its `moov` stands.
 */
export function readQuickTime(bytes: Bytes, findings: Findings): void {
  for (const { name, content } of boxesIn(bytes)) {
    if (name === "moov") for (const box of boxesIn(content)) readMovie(box, findings);
    else if (name === "meta") readMeta(content, findings);
    else if (name === xmpUuid) readXmp(content, findings, "embedded");
  }
}

function readMovie({ name, content }: Box, findings: Findings): void {
  if (name === "mvhd") readHeader(content, findings, "CreateDate");
  else if (name === "trak") readTrack(content, findings);
  else if (name === "meta") readMeta(content, findings);
  else if (name === "udta") readUserData(content, findings);
  else if (name === canonUuid) readCanon(content, findings);
  else if (name === xmpUuid) readXmp(content, findings, "embedded");
}

/** CR3: four TIFF blocks, of which the second holds what else is the EXIF directory. */
function readCanon(content: Bytes, findings: Findings): void {
  for (const { name, content: block } of boxesIn(content)) {
    if (name === "CMT1" || name === "CMT2") readExif(block, findings);
  }
}

function readTrack(track: Bytes, findings: Findings): void {
  const media = boxIn(track, "mdia");
  const header = media === null ? null : boxIn(media, "mdhd");
  if (header !== null) readHeader(header, findings, "MediaCreateDate");
  const userData = boxIn(track, "udta");
  if (userData !== null) readUserData(userData, findings);
}

/** Version 0 counts in 32 bits, version 1 in 64: seconds since 1904, or, wrongly, since 1970. */
function readHeader(content: Bytes, findings: Findings, name: string): void {
  const head = content.at(0, 12);
  if (head.length < 12) return;
  const counted = head[0] === 1 ? Number(head.readBigUInt64BE(4)) : head.readUInt32BE(4);
  if (counted === 0) return;
  // Nobody filmed before 1970 with a computer in the camera: so small a number counts from 1970.
  const since1970 = sinceQuickTimeZero(counted) > 0 ? sinceQuickTimeZero(counted) : counted;
  findings.addMoment(since1970, Rung.quicktimeUtc, `QuickTime ${name}`);
}

function readUserData(content: Bytes, findings: Findings): void {
  for (const { name, content: value } of boxesIn(content)) {
    if (name === "meta") readMeta(value, findings);
    else if (name === "\xa9day") addDate(international(value), findings, "ContentCreateDate");
    else if (name === "date" || name === "@dti") addDate(international(value), findings, "date");
    else if (name === "XMP_") readXmp(value, findings, "embedded");
    else if (!dumb.test(name)) findings.unread ??= `QuickTime udta ${name}`;
  }
}

/** Text of user data: 16 bits of length, 16 of language, then the text. */
function international(value: Bytes): string {
  const head = value.at(0, 4);
  if (head.length < 4) return "";
  const length = head.readUInt16BE(0);
  return length + 4 <= value.size ? value.at(4, length).toString("utf8") : value.at(0, 40).toString("utf8");
}

/** `meta` is a plain box in QuickTime, and in MP4 one with four more bytes; both hold `keys` and `ilst`. */
function readMeta(content: Bytes, findings: Findings): void {
  const plain = content.at(4, 4).toString("latin1") === "hdlr";
  const inside = plain ? content : part(content, 4, content.size);
  const keys = boxIn(inside, "keys");
  const items = boxIn(inside, "ilst");
  if (items === null) return;
  const names = keys === null ? [] : keyNames(keys);
  for (const { name, content: item } of boxesIn(items)) {
    const index = Buffer.from(name, "latin1").readUInt32BE(0);
    takeItem(names[index - 1] ?? name, item, findings);
  }
}

function keyNames(keys: Bytes): string[] {
  const names: string[] = [];
  const count = Math.min(keys.at(4, 4).readUInt32BE(0), 200);
  for (let at = 8; names.length < count; ) {
    const head = keys.at(at, 8);
    if (head.length < 8) break;
    const size = head.readUInt32BE(0);
    names.push(keys.at(at + 8, Math.min(size - 8, 100)).toString("utf8"));
    at += Math.max(size, 8);
  }
  return names;
}

function takeItem(name: string, item: Bytes, findings: Findings): void {
  const data = boxIn(item, "data");
  if (data === null) return;
  const text = () => data.at(8, 100).toString("utf8").replace(/\0.*$/s, "");
  const date = keysWithDates.get(name);
  if (date !== undefined) addDate(text(), findings, date);
  else if (name === "\xa9day") addDate(text(), findings, "ContentCreateDate");
  else if (name === "com.apple.quicktime.content.identifier") findings.pairId ??= text();
  else if (name === "com.apple.quicktime.model") findings.camera ??= text();
  else if (name === "com.apple.quicktime.software") findings.software ??= text();
}

/** A year alone is when the work appeared: music and films, not a recording. */
function addDate(text: string, findings: Findings, name: string): void {
  const stamp = parseStamp(text);
  if (stamp === null) return;
  const rung = stamp.at.length === 4 ? Rung.modifiedInside : Rung.quicktimeCreation;
  findings.addClock(stamp.at, stamp.zone, rung, `QuickTime ${name}`);
}
