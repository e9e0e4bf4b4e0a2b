import type { Brand } from "./brand.ts";

/**
 * A time on the wall where the picture was taken, written as far as it is known:
 * "2008", "2008-07", "2008-07-12" or "2008-07-12T14:03:11".
 */
export type WallClock = Brand<string, "WallClock">;

/** The ladder of evidence: what stands on a lower number is believed before what stands on a higher one. */
export const Rung = {
  override: 0,
  xmpSidecar: 1,
  exifOriginal: 2,
  quicktimeCreation: 3,
  streamOriginal: 4,
  exifDigitized: 5,
  takeout: 6,
  embeddedText: 7, // IPTC, XMP inside the file, PNG text
  quicktimeUtc: 8,
  nameTime: 9,
  gps: 10,
  nameDay: 11,
  modifiedInside: 11.5, // editors change it
  folder: 12,
  lowered: 12.5, // scanners and clocks that were never set
  siblings: 13,
  mtime: 14,
} as const;

/** One thing that says when a picture was taken. */
export interface DateCandidate {
  readonly at: WallClock;
  /** "local": zone unknown, the clock is the camera's; "utc": the clock is UTC, local time unknown; else an offset, "+02:00". */
  readonly zone: string;
  /** Its place on the ladder of evidence, see {@link Rung}. */
  readonly rung: number;
  /** Where it was read, for people: "EXIF DateTimeOriginal", "file name", "folder 2008-07 Kreta", … */
  readonly from: string;
}

/** What the bytes of one file say about it. Kept in the inventory as JSON. */
export interface Evidence {
  readonly dates: readonly DateCandidate[];
  /** Type by content, not by name: "jpeg", "heic", "quicktime", …; absent if unknown. */
  readonly type?: string;
  /** Apple's ContentIdentifier or MediaGroupUUID: equal in the two halves of a Live Photo. */
  readonly pairId?: string;
  /** Make and model, to tell cameras apart. */
  readonly camera?: string;
  /** What wrote the file; tells scanners. */
  readonly software?: string;
  /** Name of the media file that a Takeout JSON says it describes. */
  readonly title?: string;
}

export type Confidence = "certain" | "high" | "medium" | "low" | "none";

/** When a content was captured, and why we think so. */
export interface Captured {
  /** null: nothing says when. */
  readonly at: WallClock | null;
  readonly zone: string;
  readonly from: string;
  readonly confidence: Confidence;
  /** Another candidate of at least medium confidence in another month, for the report. */
  readonly conflict?: DateCandidate;
  /** The zone is unknown and the month may be the one before or after. */
  readonly nearMonthEdge?: true;
}
