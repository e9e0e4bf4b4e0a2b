import { Rung } from "../model/evidence.ts";
import { type Bytes, part } from "./bytes.ts";
import { readExif } from "./exif.ts";
import type { Findings } from "./findings.ts";
import { readXmp } from "./xmp.ts";

const maxChunks = 500;
const dates: Readonly<Record<string, number>> = { IDIT: Rung.streamOriginal, ICRD: Rung.embeddedText };
const lists = new Set(["hdrl", "strl", "INFO", "odml", "exif", "ncdt"]);

/** Reads the dates of WebP, AVI and WAV: chunks of name, size, content, some of them lists of chunks. */
export function readRiff(bytes: Bytes, findings: Findings): void {
  const form = bytes.at(8, 4).toString("latin1");
  findings.type = form === "WEBP" ? "webp" : form === "AVI " ? "avi" : form === "WAVE" ? "wav" : "riff";
  readChunks(part(bytes, 12, bytes.size), findings);
}

function readChunks(bytes: Bytes, findings: Findings): void {
  let at = 0;
  for (let seen = 0; seen < maxChunks; seen++) {
    const head = bytes.at(at, 8);
    if (head.length < 8) return;
    const name = head.toString("latin1", 0, 4);
    const size = head.readUInt32LE(4);
    readChunk(name, part(bytes, at + 8, size), findings);
    at += 8 + size + (size % 2);
  }
}

function readChunk(name: string, content: Bytes, findings: Findings): void {
  const rung = dates[name];
  if (rung !== undefined) findings.addText(content.at(0, 60).toString("latin1"), rung, `RIFF ${name}`);
  else if (name === "LIST") {
    if (lists.has(content.at(0, 4).toString("latin1"))) readChunks(part(content, 4, content.size), findings);
  } else if (name === "EXIF") {
    const prefixed = /^Exif\0/.test(content.at(0, 6).toString("latin1"));
    readExif(part(content, prefixed ? 6 : 0, content.size), findings);
  } else if (name === "XMP " || name === "_PMX") readXmp(content, findings, "embedded");
  else if (name === "bext") readBroadcast(content, findings);
  else if (isMakers(name, content)) findings.unread ??= `RIFF ${name}`;
}

/** Broadcast WAV: the day of recording at byte 320, the time behind it. */
function readBroadcast(content: Bytes, findings: Findings): void {
  const text = content.at(320, 18).toString("latin1");
  findings.addText(`${text.slice(0, 10)} ${text.slice(10)}`, Rung.streamOriginal, "RIFF bext");
}

/** Cameras hide their notes in `strd` and in padding that is not empty. */
function isMakers(name: string, content: Bytes): boolean {
  if (name !== "strd" && name !== "JUNK") return false;
  return /^[A-Za-z]{4}/.test(content.at(0, 8).toString("latin1"));
}
