import type { Category } from "../model/category.ts";
import { extensionOf, isRaw, isSidecar } from "../model/category.ts";
import { Rung } from "../model/evidence.ts";
import { readAsf } from "./asf.ts";
import { readAvchd } from "./avchd.ts";
import { type Bytes, part } from "./bytes.ts";
import { readExif } from "./exif.ts";
import { Findings } from "./findings.ts";
import { readHeif, readJpegXl } from "./heif.ts";
import { readJpeg } from "./jpeg.ts";
import { kindOf, type Reader } from "./kind.ts";
import { readMatroska } from "./matroska.ts";
import { readPng } from "./png.ts";
import { readQuickTime } from "./quicktime.ts";
import { readMrw, readPsd, readRaf } from "./raw.ts";
import { readRiff } from "./riff.ts";
import { readTakeoutJson } from "./takeout-json.ts";
import { readXmp } from "./xmp.ts";

const readers: Readonly<Record<Exclude<Reader, "exiftool" | "none">, (bytes: Bytes, findings: Findings) => void>> = {
  jpeg: readJpeg,
  tiff: readExif,
  exif: (bytes, findings) => void readExif(part(bytes, 6, bytes.size), findings),
  // Exiv2's own files are the segments of a JPEG behind a longer head.
  exv: (bytes, findings) => readJpeg(part(bytes, 5, bytes.size), findings),
  png: readPng,
  riff: readRiff,
  quicktime: readQuickTime,
  matroska: readMatroska,
  asf: readAsf,
  avchd: readAvchd,
  heif: readHeif,
  jxl: readJpegXl,
  raf: readRaf,
  mrw: readMrw,
  psd: readPsd,
  xmp: (bytes, findings) => readXmp(bytes, findings, "sidecar"),
};

/**
 * Finds what the bytes of a file say about when it was captured. The type is told by the bytes; the name matters
 * only for sidecars. What stands before a damaged place is found, too.
 *
 * @returns the findings; `unread` says what is left for exiftool: null where it could find nothing more.
 */
export function look(bytes: Bytes, name: string, category: Category): Findings {
  const findings = new Findings();
  try {
    read(bytes, name, category, findings);
  } catch (error) {
    if (!isDamage(error)) throw error;
  }
  // The time of the last change is no answer.
  if (findings.has(Rung.exifDigitized) || (findings.dated && findings.type !== "tiff")) findings.unread = null;
  return findings;
}

function read(bytes: Bytes, name: string, category: Category, findings: Findings): void {
  const extension = extensionOf(name);
  if (extension === "json") {
    readTakeoutJson(bytes, findings);
    return;
  }
  const kind = extension === "xmp" ? ({ type: "xmp", reader: "xmp" } as const) : kindOf(bytes);
  if (kind === null) {
    // Whoever asks for the date of a document wants it; a photo of unknown bytes is no photo.
    if (category === "other" && bytes.size > 0 && !isSidecar(name)) findings.unread = "unknown type";
    return;
  }
  findings.type = kind.type;
  if (kind.reader === "exiftool") findings.unread = kind.type;
  else if (kind.reader !== "none") {
    readers[kind.reader](bytes, findings);
    if (isRaw(name) && kind.reader === "tiff" && !findings.dated) findings.unread ??= "RAW without EXIF dates";
  }
}

/** What reading beyond the end of bytes, or unpacking damaged ones, throws. */
function isDamage(error: unknown): boolean {
  if (error instanceof RangeError) return true;
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return /^(?:Z_|ERR_BUFFER_TOO_LARGE|ERR__|ERR_PADDING|BROTLI)/.test(code);
}
