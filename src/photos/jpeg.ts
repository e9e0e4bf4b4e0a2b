import { Rung } from "../model/evidence.ts";
import { type Bytes, inMemory, part } from "./bytes.ts";
import { readExif } from "./exif.ts";
import type { Findings } from "./findings.ts";
import { photoshopResources, readIptc } from "./iptc.ts";
import { readXmp } from "./xmp.ts";

interface Segment {
  readonly marker: number;
  readonly content: Bytes;
}

const maxSegments = 200;
const xmpName = "http://ns.adobe.com/xap/1.0/\0";
const extensionName = "http://ns.adobe.com/xmp/extension/\0";
const extensionHeader = extensionName.length + 32 + 8;
// Tell nothing of time: thumbnails, colours, layers, distances between views.
const dumb = /^(?:JFIF|JFXX|ICC_PROFILE|Adobe|MPF|Ducky|JPEG_|AMPF|FPXR|HDR_RI|AROT|SEAL|QVGA|urn:iso)/;

/**
 * Reads EXIF, and where it says nothing IPTC and XMP, of a JPEG, whole or cut off anywhere.
 * Jumps from segment to segment, so pictures with large thumbnails cost no more than others: usually 4 KiB.
 */
export function readJpeg(bytes: Bytes, findings: Findings): void {
  const texts: Segment[] = [];
  const extensions: Bytes[] = [];
  for (const { marker, content } of segmentsOf(bytes)) {
    const name = content.at(0, extensionName.length).toString("latin1");
    if (marker === 0xe1 && /^Exif\0/i.test(name)) readExif(part(content, 6, content.size), findings);
    else if (marker === 0xe1 && name === extensionName) extensions.push(part(content, extensionHeader, content.size));
    else if ((marker === 0xe1 && name.startsWith(xmpName)) || marker === 0xed) texts.push({ marker, content });
    else if (isMaker(marker, name)) findings.unread ??= `JPEG segment ${name.replace(/[^ -~].*$/s, "")}`;
  }
  // XMP and IPTC stand below EXIF and may be long: they need not be read where EXIF has spoken.
  for (const { marker, content } of texts) {
    if (findings.has(Rung.exifDigitized)) return;
    if (marker === 0xed) readPhotoshop(content, findings);
    else readXmp(part(content, xmpName.length, content.size), findings, "embedded");
  }
  if (findings.dated || extensions.length === 0) return;
  readXmp(inMemory(Buffer.concat(extensions.map((one) => one.at(0, one.size)))), findings, "embedded");
}

/** A segment from the maker of the camera that none of the readers here knows. */
function isMaker(marker: number, name: string): boolean {
  return marker >= 0xe0 && marker <= 0xef && !dumb.test(name) && /^[A-Za-z ]{3}/.test(name);
}

function readPhotoshop(content: Bytes, findings: Findings): void {
  const header = content.at(0, 14).toString("latin1").startsWith("Photoshop 3.0\0") ? 14 : 0;
  photoshopResources(part(content, header, content.size), (id, begin, size) => {
    if (id === 0x0404) readIptc(part(content, header + begin, size), findings);
  });
}

/** Segments up to the picture itself; ends early, without a word, where the file is damaged. */
function* segmentsOf(bytes: Bytes): Generator<Segment> {
  let at = 2;
  for (let seen = 0; seen < maxSegments; seen++) {
    const head = bytes.at(at, 4);
    const marker = head[1] ?? 0;
    if (head.length < 4 || head[0] !== 0xff || marker === 0xda || marker === 0xd9) return;
    if (marker === 0xff) {
      at += 1; // padding
      continue;
    }
    const size = head.readUInt16BE(2);
    if (size < 2) return;
    yield { marker, content: part(bytes, at + 4, size - 2) };
    at += 2 + size;
  }
}
