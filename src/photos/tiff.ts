import { type Bytes, part } from "./bytes.ts";

/** One field of a TIFF directory. */
export interface Field {
  readonly tag: number;
  readonly type: number;
  readonly count: number;
  /** Where its value begins, from the start of the TIFF. */
  readonly valueAt: number;
}

/** A TIFF structure: EXIF blocks, TIFF files and most RAW files are one. */
export interface Tiff {
  readonly bytes: Bytes;
  readonly littleEndian: boolean;
  readonly firstDirectory: number;
}

const typeSizes = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4];
const maxFields = 1000;
// TIFF itself, Panasonic RW2, Olympus ORF.
const magics = new Set(["II*\0", "MM\0*", "IIU\0", "IIRO", "IIRS", "MMOR"]);

/** @returns null if the bytes do not begin like a TIFF. */
export function openTiff(bytes: Bytes): Tiff | null {
  const head = bytes.at(0, 8);
  if (head.length < 8 || !magics.has(head.toString("latin1", 0, 4))) return null;
  const littleEndian = head[0] === 0x49;
  return { bytes, littleEndian, firstDirectory: littleEndian ? head.readUInt32LE(4) : head.readUInt32BE(4) };
}

/** The fields of the directory at `offset`; of a damaged one those that can be read. */
export function fieldsAt(tiff: Tiff, offset: number): readonly Field[] {
  const counted = tiff.bytes.at(offset, 2);
  if (offset < 2 || counted.length < 2) return [];
  const count = Math.min(uint16(tiff, counted, 0), maxFields);
  const entries = tiff.bytes.at(offset + 2, count * 12);
  const fields: Field[] = [];
  for (let at = 0; at + 12 <= entries.length; at += 12) {
    const type = uint16(tiff, entries, at + 2);
    const count = uint32(tiff, entries, at + 4);
    const inside = count * (typeSizes[type] ?? 1) <= 4;
    const valueAt = inside ? offset + 2 + at + 8 : uint32(tiff, entries, at + 8);
    fields.push({ tag: uint16(tiff, entries, at), type, count, valueAt });
  }
  return fields;
}

/** The value as text, without what pads it. Reads at most 200 bytes. */
export function textOf(tiff: Tiff, field: Field | undefined): string | undefined {
  if (field === undefined) return undefined;
  const [text = ""] = tiff.bytes.at(field.valueAt, Math.min(field.count, 200)).toString("utf8").split("\0");
  return text.trim() === "" ? undefined : text.trim();
}

/** The value as one whole number, if it is one. */
export function numberOf(tiff: Tiff, field: Field | undefined): number | undefined {
  if (field === undefined) return undefined;
  const bytes = tiff.bytes.at(field.valueAt, 4);
  if (field.type === 3 && bytes.length >= 2) return uint16(tiff, bytes, 0);
  return bytes.length < 4 ? undefined : uint32(tiff, bytes, 0);
}

/** The value as fractions, e.g. hour, minute and second of GPS. */
export function rationalsOf(tiff: Tiff, field: Field | undefined): readonly number[] {
  if (field === undefined || field.type !== 5) return [];
  const bytes = tiff.bytes.at(field.valueAt, Math.min(field.count, 8) * 8);
  return Array.from(
    { length: Math.floor(bytes.length / 8) },
    (_, n) => uint32(tiff, bytes, n * 8) / uint32(tiff, bytes, n * 8 + 4),
  );
}

/** The bytes of the value, not yet read. */
export function bytesOf(tiff: Tiff, field: Field): Bytes {
  return part(tiff.bytes, field.valueAt, field.count * (typeSizes[field.type] ?? 1));
}

function uint16({ littleEndian }: Tiff, bytes: Buffer, at: number): number {
  return littleEndian ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at);
}

function uint32({ littleEndian }: Tiff, bytes: Buffer, at: number): number {
  return littleEndian ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at);
}
