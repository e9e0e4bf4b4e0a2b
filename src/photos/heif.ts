import { brotliDecompressSync } from "node:zlib";
import { boxesIn, boxIn } from "./boxes.ts";
import { type Bytes, inMemory, part } from "./bytes.ts";
import { readExif } from "./exif.ts";
import type { Findings } from "./findings.ts";
import { readXmp } from "./xmp.ts";

interface Item {
  readonly id: number;
  readonly kind: "Exif" | "xmp";
}

const maxItems = 5000;
const maxInflated = 1024 * 1024;

/** Reads EXIF and XMP of HEIC and AVIF: `iinf` names the items, `iloc` tells where in the file each stands. */
export function readHeif(bytes: Bytes, findings: Findings): void {
  const full = boxIn(bytes, "meta");
  if (full === null) return;
  const meta = part(full, 4, full.size);
  const names = boxIn(meta, "iinf");
  const places = boxIn(meta, "iloc");
  if (names === null || places === null) return;
  const wanted = new Map(itemsIn(names).map((item) => [item.id, item.kind]));
  const located = [...extentsIn(places, wanted)];
  for (const { id, begin, size, method } of located.sort((a) => (wanted.get(a.id) === "Exif" ? -1 : 1))) {
    const idat = method === 1 ? boxIn(meta, "idat") : null;
    if (method > 1) findings.unread ??= "HEIF item made of others";
    else readItem(wanted.get(id), part(idat ?? bytes, begin, size), findings);
  }
}

function readItem(kind: Item["kind"] | undefined, content: Bytes, findings: Findings): void {
  if (kind === "Exif") readExifItem(content, findings);
  else if (!findings.dated) readXmp(content, findings, "embedded");
}

/** Four bytes say how far the TIFF is away; usually 0, or 6 for "Exif\0\0". */
function readExifItem(content: Bytes, findings: Findings): void {
  const head = content.at(0, 4);
  if (head.length < 4) return;
  const skip = head.readUInt32BE(0);
  if (!readExif(part(content, 4 + skip, content.size), findings)) readExif(content, findings);
}

/** JPEG XL: the boxes stand at the top, packed by Brotli or not. */
export function readJpegXl(bytes: Bytes, findings: Findings): void {
  for (const { name, content } of boxesIn(bytes)) {
    if (name === "Exif") readExifItem(content, findings);
    else if (name === "xml ") readXmp(content, findings, "embedded");
    else if (name === "brob") readPacked(content, findings);
  }
}

function readPacked(content: Bytes, findings: Findings): void {
  const inside = content.at(0, 4).toString("latin1");
  if (inside !== "Exif" && inside !== "xml ") return;
  const packed = part(content, 4, content.size);
  const data = brotliDecompressSync(packed.at(0, packed.size), { maxOutputLength: maxInflated });
  if (inside === "Exif") readExifItem(inMemory(data), findings);
  else readXmp(inMemory(data), findings, "embedded");
}

function itemsIn(names: Bytes): Item[] {
  const version = names.at(0, 1)[0] ?? 0;
  const items: Item[] = [];
  for (const { name, content } of boxesIn(part(names, version === 0 ? 6 : 8, names.size))) {
    const head = content.at(0, 80);
    const entry = head[0] ?? 0;
    if (name !== "infe" || entry < 2 || head.length < 12) continue;
    const [id, rest] = entry === 2 ? [head.readUInt16BE(4), 8] : [head.readUInt32BE(4), 10];
    const type = head.toString("latin1", rest, rest + 4);
    if (type === "Exif") items.push({ id, kind: "Exif" });
    else if (type === "mime" && head.includes("application/rdf+xml")) items.push({ id, kind: "xmp" });
  }
  return items;
}

interface Extent {
  readonly id: number;
  readonly begin: number;
  readonly size: number;
  /** 0: place in the file; 1: in `idat`; 2: in other items. */
  readonly method: number;
}

/** Walks the table of places; its numbers are as wide as its head says. */
function* extentsIn(places: Bytes, wanted: ReadonlyMap<number, unknown>): Generator<Extent> {
  const head = places.at(0, 8);
  const version = head[0] ?? 0;
  const [offsetSize, lengthSize] = [(head[4] ?? 0) >> 4, (head[4] ?? 0) & 15];
  const [baseSize, indexSize] = [(head[5] ?? 0) >> 4, version > 0 ? (head[5] ?? 0) & 15 : 0];
  let at = 6;
  const next = (size: number) => {
    const bytes = places.at(at, size);
    at += size;
    return size === 0 ? 0 : size === 8 ? Number(bytes.readBigUInt64BE(0)) : bytes.readUIntBE(0, size);
  };
  const count = Math.min(next(version < 2 ? 2 : 4), maxItems);
  for (let n = 0; n < count; n++) {
    const id = next(version < 2 ? 2 : 4);
    const method = version > 0 ? next(2) & 15 : 0;
    next(2); // data reference
    const base = next(baseSize);
    const extents = next(2);
    const entrySize = indexSize + offsetSize + lengthSize;
    if (!wanted.has(id)) at += extents * entrySize;
    else {
      next(indexSize);
      yield { id, method, begin: base + next(offsetSize), size: next(lengthSize) };
      at += (extents - 1) * entrySize;
    }
  }
}
