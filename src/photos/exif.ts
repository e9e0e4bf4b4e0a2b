import { Rung } from "../model/evidence.ts";
import { type Bytes, part } from "./bytes.ts";
import type { Findings } from "./findings.ts";
import { readIptc } from "./iptc.ts";
import { bytesOf, type Field, fieldsAt, numberOf, openTiff, rationalsOf, type Tiff, textOf } from "./tiff.ts";
import { readXmp } from "./xmp.ts";

const Tag = {
  make: 0x010f,
  model: 0x0110,
  software: 0x0131,
  modified: 0x0132,
  xmp: 0x02bc,
  iptc: 0x83bb,
  exifDirectory: 0x8769,
  gpsDirectory: 0x8825,
  original: 0x9003,
  digitized: 0x9004,
  modifiedOffset: 0x9010,
  originalOffset: 0x9011,
  digitizedOffset: 0x9012,
  makerNote: 0x927c,
  gpsTime: 0x0007,
  gpsDate: 0x001d,
  appleContentIdentifier: 0x0011,
} as const;

type Fields = ReadonlyMap<number, Field>;

/**
 * Reads the dates, the camera and Apple's ContentIdentifier of an EXIF block, a TIFF or a TIFF-like RAW file.
 * Reads the directories and the few values it wants: about 2 KiB, wherever they stand.
 *
 * @returns whether the bytes are a TIFF at all.
 */
export function readExif(bytes: Bytes, findings: Findings): boolean {
  const tiff = openTiff(bytes);
  if (tiff === null) return false;
  const first = directory(tiff, tiff.firstDirectory);
  const below = numberOf(tiff, first.get(Tag.exifDirectory));
  // A date belongs into the EXIF directory, but some programs write it into the first.
  const all: Fields = new Map([...first, ...(below === undefined ? [] : directory(tiff, below))]);
  readMaker(tiff, all, findings);
  readDates(tiff, all, findings);
  const gps = numberOf(tiff, first.get(Tag.gpsDirectory));
  if (gps !== undefined) readGpsTime(tiff, directory(tiff, gps), findings);
  if (!findings.has(Rung.exifDigitized)) readTexts(tiff, all, findings);
  return true;
}

function directory(tiff: Tiff, offset: number): Map<number, Field> {
  return new Map(fieldsAt(tiff, offset).map((field) => [field.tag, field]));
}

function readDates(tiff: Tiff, fields: Fields, findings: Findings): void {
  const add = (tag: number, offsetTag: number, rung: number, name: string) => {
    const text = textOf(tiff, fields.get(tag));
    if (text !== undefined) findings.addText(text, rung, `EXIF ${name}`, textOf(tiff, fields.get(offsetTag)));
  };
  add(Tag.original, Tag.originalOffset, Rung.exifOriginal, "DateTimeOriginal");
  add(Tag.digitized, Tag.digitizedOffset, Rung.exifDigitized, "DateTimeDigitized");
  add(Tag.modified, Tag.modifiedOffset, Rung.modifiedInside, "DateTime");
}

function readMaker(tiff: Tiff, fields: Fields, findings: Findings): void {
  const make = textOf(tiff, fields.get(Tag.make));
  const model = textOf(tiff, fields.get(Tag.model));
  const known = [make, model].filter((text) => text !== undefined);
  // "Canon" and "Canon EOS 5D" are one camera, not "Canon Canon EOS 5D".
  const camera = make !== undefined && model?.startsWith(make) ? model : known.join(" ");
  if (camera !== "") findings.camera ??= camera;
  findings.software ??= textOf(tiff, fields.get(Tag.software));
  const note = fields.get(Tag.makerNote);
  if (make === "Apple" && note !== undefined) readAppleNote(bytesOf(tiff, note), findings);
}

/** Apple's maker note is a directory of its own, big-endian, 14 bytes in; its offsets count from its beginning. */
function readAppleNote(note: Bytes, findings: Findings): void {
  if (note.at(0, 10).toString("latin1") !== "Apple iOS\0") return;
  const tiff: Tiff = { bytes: note, littleEndian: note.at(12, 1)[0] === 0x49, firstDirectory: 14 };
  findings.pairId ??= textOf(tiff, directory(tiff, 14).get(Tag.appleContentIdentifier));
}

function readGpsTime(tiff: Tiff, gps: Fields, findings: Findings): void {
  const date = textOf(tiff, gps.get(Tag.gpsDate));
  const time = rationalsOf(tiff, gps.get(Tag.gpsTime)).map(Math.floor);
  if (date === undefined || time.length !== 3 || !time.every(Number.isFinite)) return;
  const clock = time.map((number) => String(number).padStart(2, "0")).join(":");
  findings.addText(`${date.slice(0, 10)} ${clock}Z`, Rung.gps, "EXIF GPS time");
}

/** Texts may be long (an XMP with a thumbnail): asked only where EXIF itself says nothing. */
function readTexts(tiff: Tiff, fields: Fields, findings: Findings): void {
  const xmp = fields.get(Tag.xmp);
  const iptc = fields.get(Tag.iptc);
  if (iptc !== undefined) readIptc(part(tiff.bytes, iptc.valueAt, iptc.count * (iptc.type === 4 ? 4 : 1)), findings);
  if (xmp !== undefined) readXmp(bytesOf(tiff, xmp), findings, "embedded");
}
