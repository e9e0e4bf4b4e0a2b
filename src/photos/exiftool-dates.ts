import { Rung } from "../model/evidence.ts";
import type { Findings } from "./findings.ts";

/** Tags as exiftool prints them with `-G1`: "ExifIFD:DateTimeOriginal" and the like. */
export type Tags = Readonly<Record<string, unknown>>;

interface Rule {
  /** Of group and name. */
  readonly tag: RegExp;
  readonly rung: number;
  /** The clock is UTC by the book, although no zone is written. */
  readonly utc?: true;
}

// Asked in this order; the first that fits tells the rung. Other times (of the file, of profiles) are no evidence.
const rules: readonly Rule[] = [
  { tag: /^(?:System|File|ICC|ICC-\w+|ZIP|Composite)\b(?!:(?:GPSDateTime|DateTimeCreated)$)/, rung: Number.NaN },
  {
    tag: /^XMP-\w+:(?:DateTimeOriginal|CreateDate|CreationDate|DateCreated|DateTimeDigitized)$/,
    rung: Rung.embeddedText,
  },
  { tag: /:(?:GPSDateTime)$/, rung: Rung.gps, utc: true },
  { tag: /^(?:ExifIFD|IFD\d|SubIFD\d*|\w+Raw|Casio|MinoltaRaw):DateTimeOriginal$/, rung: Rung.exifOriginal },
  { tag: /:DateTimeOriginal$/, rung: Rung.streamOriginal },
  {
    tag: /^(?:Keys|ItemList|UserData|XML):(?:CreationDate|ContentCreateDate|DateTimeOriginal)$/,
    rung: Rung.quicktimeCreation,
  },
  { tag: /^(?:ExifIFD|IFD\d|SubIFD\d*):CreateDate$/, rung: Rung.exifDigitized },
  { tag: /^ASF:CreationDate$/, rung: Rung.streamOriginal, utc: true },
  {
    tag: /^(?:QuickTime|Track\d+):(?:CreateDate|MediaCreateDate|TrackCreateDate)$/,
    rung: Rung.quicktimeUtc,
    utc: true,
  },
  { tag: /:(?:DateTimeCreated|DateCreated|CreationTime|CreateDate|CreationDate)$/, rung: Rung.embeddedText },
  { tag: /:ModifyDate$/, rung: Rung.modifiedInside },
];

/** Adds what exiftool read to what was found before. Tags of Composite and MWG never count for EXIF. */
export function addExiftoolTags(tags: Tags, findings: Findings): void {
  for (const [tag, value] of Object.entries(tags)) {
    const rule = rules.find((one) => one.tag.test(tag));
    if (rule === undefined || Number.isNaN(rule.rung)) continue;
    for (const text of Array.isArray(value) ? value : [value]) addTag(tag, String(text), rule, tags, findings);
  }
  const text = (name: string) => {
    const found = Object.entries(tags).find(([tag, value]) => tag.endsWith(`:${name}`) && typeof value === "string");
    return found === undefined ? undefined : String(found[1]);
  };
  findings.pairId ??= text("ContentIdentifier") ?? text("MediaGroupUUID");
  findings.camera ??= [text("Make"), text("Model")].filter((part) => part !== undefined).join(" ") || undefined;
  findings.software ??= text("Software");
}

function addTag(tag: string, text: string, rule: Rule, tags: Tags, findings: Findings): void {
  const zoned = rule.utc === true && /\d\d:\d\d(?::\d\d)?(?:\.\d+)?$/.test(text) ? `${text}Z` : text;
  const offsetTag = tag
    .replace(/DateTimeOriginal$/, "OffsetTimeOriginal")
    .replace(/CreateDate$/, "OffsetTimeDigitized");
  const offset = offsetTag === tag ? undefined : tags[offsetTag];
  findings.addText(zoned, rule.rung, tag, typeof offset === "string" ? offset : undefined);
}
