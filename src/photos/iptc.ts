import { Rung } from "../model/evidence.ts";
import type { Bytes } from "./bytes.ts";
import type { Findings } from "./findings.ts";

const maxBytes = 64 * 1024;
const dateCreated = 55;
const timeCreated = 60;
const digitalDate = 62;
const digitalTime = 63;

/** Reads the dates of IPTC-IIM records: marker 0x1c, record, data set, 16-bit length, text. */
export function readIptc(bytes: Bytes, findings: Findings): void {
  const data = bytes.at(0, maxBytes);
  const texts = new Map<number, string>();
  for (let at = 0; at + 5 <= data.length && data[at] === 0x1c; ) {
    const length = data.readUInt16BE(at + 3);
    if (length >= 0x8000) break;
    if (data[at + 1] === 2) texts.set(data[at + 2] ?? 0, data.toString("latin1", at + 5, at + 5 + length));
    at += 5 + length;
  }
  const join = (date: string | undefined, time: string | undefined) =>
    date === undefined ? undefined : time === undefined ? date : `${date} ${time}`;
  findings.addText(join(texts.get(dateCreated), texts.get(timeCreated)), Rung.embeddedText, "IPTC DateCreated");
  findings.addText(join(texts.get(digitalDate), texts.get(digitalTime)), Rung.embeddedText, "IPTC DigitalCreationDate");
}

/** Looks through Photoshop's image resources ("8BIM", id, name, size, data) for IPTC, EXIF and XMP. */
export function photoshopResources(bytes: Bytes, take: (id: number, begin: number, size: number) => void): void {
  for (let at = 0; at + 12 <= bytes.size; ) {
    const head = bytes.at(at, 7);
    if (head.length < 7 || !/^(?:8BIM|MeSa|AgHg|PHUT|DCSR)/.test(head.toString("latin1", 0, 4))) return;
    const nameSize = 1 + (head[6] ?? 0);
    const sizeAt = at + 6 + nameSize + (nameSize % 2);
    const sized = bytes.at(sizeAt, 4);
    if (sized.length < 4) return;
    const size = sized.readUInt32BE(0);
    take(head.readUInt16BE(4), sizeAt + 4, size);
    at = sizeAt + 4 + size + (size % 2);
  }
}
