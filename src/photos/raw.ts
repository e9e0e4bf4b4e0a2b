import { Rung } from "../model/evidence.ts";
import { type Bytes, part } from "./bytes.ts";
import { readExif } from "./exif.ts";
import type { Findings } from "./findings.ts";
import { photoshopResources, readIptc } from "./iptc.ts";
import { readJpeg } from "./jpeg.ts";
import { readXmp } from "./xmp.ts";

/** Fuji's RAW holds a whole JPEG, with the EXIF of the picture; its place stands at byte 84. */
export function readRaf(bytes: Bytes, findings: Findings): void {
  const place = bytes.at(84, 8);
  readJpeg(part(bytes, place.readUInt32BE(0), place.readUInt32BE(4)), findings);
}

/** Minolta's RAW is a list of blocks before the picture; "TTW" is a TIFF. */
export function readMrw(bytes: Bytes, findings: Findings): void {
  for (let at = 8; ; ) {
    const head = bytes.at(at, 8);
    if (head.length < 8 || head[0] !== 0) return;
    const size = head.readUInt32BE(4);
    if (head.toString("latin1", 1, 4) === "TTW") readExif(part(bytes, at + 8, size), findings);
    at += 8 + size;
  }
}

/** Photoshop: colour table, then resources, among them EXIF, XMP and IPTC. */
export function readPsd(bytes: Bytes, findings: Findings): void {
  const resources = 30 + bytes.at(26, 4).readUInt32BE(0) + 4;
  const size = bytes.at(resources - 4, 4).readUInt32BE(0);
  photoshopResources(part(bytes, resources, size), (id, begin, length) => {
    const content = part(bytes, resources + begin, length);
    if (id === 0x0422) readExif(content, findings);
    else if (findings.has(Rung.exifDigitized)) return;
    else if (id === 0x0404) readIptc(content, findings);
    else if (id === 0x0424) readXmp(content, findings, "embedded");
  });
}
