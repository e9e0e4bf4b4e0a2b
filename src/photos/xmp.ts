import { Rung } from "../model/evidence.ts";
import type { Bytes } from "./bytes.ts";
import type { Findings } from "./findings.ts";

/** Where an XMP stands: beside the file a person's or program's later word, inside it one text among others. */
export type XmpPlace = "sidecar" | "embedded";

const maxBytes = 1024 * 1024;
// Property, rung beside the file, rung inside it.
const properties: ReadonlyMap<string, readonly [sidecar: number, embedded: number]> = new Map([
  ["exif:DateTimeOriginal", [Rung.xmpSidecar, Rung.embeddedText]],
  ["photoshop:DateCreated", [Rung.xmpSidecar, Rung.embeddedText]],
  ["exif:DateTimeDigitized", [Rung.exifDigitized, Rung.embeddedText]],
  ["xmp:CreateDate", [Rung.exifDigitized, Rung.embeddedText]],
  ["xap:CreateDate", [Rung.exifDigitized, Rung.embeddedText]],
  ["pdf:CreationDate", [Rung.embeddedText, Rung.embeddedText]],
  ["exif:GPSTimeStamp", [Rung.gps, Rung.gps]],
  ["exif:GPSDateTime", [Rung.gps, Rung.gps]],
  ["xmp:ModifyDate", [Rung.modifiedInside, Rung.modifiedInside]],
  ["xap:ModifyDate", [Rung.modifiedInside, Rung.modifiedInside]],
  ["tiff:DateTime", [Rung.modifiedInside, Rung.modifiedInside]],
]);
const asAttribute = /[\s"']([a-z]{3,9}:[A-Za-z]{8,16})\s*=\s*(?:"([^"<]{4,40})"|'([^'<]{4,40})')/g;
const asElement = /<([a-z]{3,9}:[A-Za-z]{8,16})(?:\s[^<>]{0,80})?>\s*([^<\s][^<]{3,39})(?=<)/g;

/**
 * Reads the dates of an XMP packet, in UTF-8 or UTF-16.
 *
 * Looks for the few properties by name, not by parsing the XML: a damaged packet is read as far as it goes,
 * and a hostile one (deep nesting, entities) costs no more than its length.
 */
export function readXmp(bytes: Bytes, findings: Findings, place: XmpPlace): void {
  const text = decode(bytes.at(0, maxBytes));
  for (const pattern of [asAttribute, asElement]) {
    for (const [, name = "", value, quoted] of text.matchAll(pattern)) {
      const rungs = properties.get(name);
      if (rungs === undefined) continue;
      const isGps = rungs[0] === Rung.gps;
      const date = (value ?? quoted ?? "").trim();
      // GPS tells UTC, even where the zone is not written.
      const zoned = isGps && /\d\d:\d\d(?:[:.\d]*)$/.test(date) ? `${date}Z` : date;
      findings.addText(
        zoned,
        rungs[place === "sidecar" ? 0 : 1],
        `${place === "sidecar" ? "XMP file" : "XMP"} ${name}`,
      );
    }
  }
  const [, camera] = /tiff:Model\s*(?:=\s*["']|>)([^"'<]{1,80})/.exec(text) ?? [];
  findings.camera ??= camera;
}

function decode(bytes: Buffer): string {
  const [first, second] = bytes;
  const bigEndian = (first === 0xfe && second === 0xff) || (first === 0 && second === 0x3c);
  const littleEndian = (first === 0xff && second === 0xfe) || (first === 0x3c && second === 0);
  if (littleEndian) return bytes.toString("utf16le");
  if (bigEndian)
    return Buffer.from(bytes.subarray(0, bytes.length & ~1))
      .swap16()
      .toString("utf16le");
  return bytes.toString("utf8");
}
