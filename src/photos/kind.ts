import type { Bytes } from "./bytes.ts";

/** What the first bytes of a file say it is: its name, and who reads it. */
export interface Kind {
  readonly type: string;
  readonly reader: Reader;
}

/** "exiftool": has dates that only exiftool reads. "none": has no dates, or none that are worth asking for. */
export type Reader =
  | "jpeg"
  | "tiff"
  | "exif"
  | "exv"
  | "png"
  | "riff"
  | "quicktime"
  | "matroska"
  | "asf"
  | "avchd"
  | "heif"
  | "jxl"
  | "raf"
  | "mrw"
  | "psd"
  | "xmp"
  | "exiftool"
  | "none";

type Magic = readonly [type: string, reader: Reader, offset: number, bytes: string];

const magics: readonly Magic[] = [
  ["jpeg", "jpeg", 0, "\xff\xd8"],
  ["tiff", "tiff", 0, "II*\0"],
  ["tiff", "tiff", 0, "MM\0*"],
  ["rw2", "tiff", 0, "IIU\0"],
  ["orf", "tiff", 0, "IIRO"],
  ["orf", "tiff", 0, "IIRS"],
  ["orf", "tiff", 0, "MMOR"],
  ["exif", "exif", 0, "Exif\0\0"],
  ["png", "png", 0, "\x89PNG\r\n\x1a\n"],
  ["riff", "riff", 0, "RIFF"],
  ["jxl", "jxl", 4, "JXL \r\n\x87\n"],
  ["jxl", "none", 0, "\xff\x0a"],
  ["raf", "raf", 0, "FUJIFILMCCD-RAW"],
  ["mrw", "mrw", 0, "\0MRM"],
  ["psd", "psd", 0, "8BPS"],
  ["gif", "none", 0, "GIF8"],
  ["bmp", "none", 0, "BM"],
  ["exv", "exv", 0, "\xff\x01Exiv2"],
  ["mie", "exiftool", 0, "~\x10\x04"],
  ["mie", "exiftool", 0, "~\x18\x04"],
  ["crw", "exiftool", 6, "HEAPCCDR"],
  ["x3f", "exiftool", 0, "FOVb"],
  ["r3d", "exiftool", 4, "RED1"],
  ["r3d", "exiftool", 4, "RED2"],
  ["kyocera", "exiftool", 25, "ARECOYK"],
  ["jp2", "exiftool", 4, "jP  \r\n\x87\n"],
  ["matroska", "matroska", 0, "\x1aE\xdf\xa3"],
  ["asf", "asf", 0, "0&\xb2u\x8ef\xcf\x11"],
  ["flv", "exiftool", 0, "FLV\x01"],
  ["mxf", "exiftool", 0, "\x06\x0e+4\x02\x05\x01\x01"],
  ["dv", "exiftool", 0, "\x1f\x07\0"],
  ["dv", "exiftool", 0, "\x1f\x07\x3f"],
  ["realmedia", "exiftool", 0, ".RMF"],
  ["zip", "exiftool", 0, "PK\x03\x04"],
  ["mpeg", "none", 0, "\0\0\x01\xba"],
  ["mpeg", "none", 0, "\0\0\x01\xb3"],
  ["ogg", "none", 0, "OggS"],
];
const movieBoxes = new Set(["moov", "mdat", "wide", "free", "skip", "pnot", "udta", "uuid"]);
const stillBrands = /^(?:hei[cxms]|hev[cxms]|mif[12]|msf1|av1[fs]|avi[fos]|miaf)$/;

/** Tells by its first bytes what a file is; null if they are of no format that has dates. Never asks the name. */
export function kindOf(bytes: Bytes): Kind | null {
  const head = bytes.at(0, 512);
  const start = head.toString("latin1");
  const found = magics.find(([, , offset, magic]) => start.startsWith(magic, offset));
  if (found !== undefined) return { type: found[0], reader: found[1] };
  const brand = start.slice(8, 12);
  if (start.startsWith("ftyp", 4)) {
    if (brand === "crx ") return { type: "cr3", reader: "quicktime" };
    return stillBrands.test(brand) ? { type: "heic", reader: "heif" } : { type: "quicktime", reader: "quicktime" };
  }
  if (movieBoxes.has(start.slice(4, 8))) return { type: "quicktime", reader: "quicktime" };
  if (isTransportStream(bytes, 188, 0) || isTransportStream(bytes, 192, 4)) return { type: "mpegts", reader: "avchd" };
  const text = head.toString("utf8").replaceAll("\0", "");
  return /<\?xpacket|<x:x[am]pmeta|<rdf:RDF/.test(text) ? { type: "xmp", reader: "xmp" } : null;
}

/** Packets of one length, each beginning with "G". */
function isTransportStream(bytes: Bytes, packet: number, offset: number): boolean {
  return [0, 1, 2, 3, 4].every((n) => bytes.at(offset + n * packet, 1)[0] === 0x47);
}
