/** What a file is, by its name: decides which layout its entry follows. */
export type Category = "photo" | "video" | "audio" | "other";

const words = (text: string): ReadonlySet<string> => new Set(text.split(/\s+/));

const pictures = words(
  "jpg jpeg jpe jpf jif jfif jfi jps png apng gif bmp tif tiff webp heic heif hif avif avci jxl jp2 mpo psd svg insp",
);
const raws = words(
  `3fr ari arw bay cap cin cr2 cr3 crw cs1 cxi data dcr dcs dng drf eip erf fff gpr iiq j6i k25 kc2 kdc mdc mef mfw
  mos mrw nef nrw obm orf ori pef ptx pxn r3d raf raw rw2 rwl rwz sr2 srf srw x3f`,
);
// Names that are at least as often something else: such a file is a photo only where its bytes say so.
const doubtfulRaws = words("data cap cin");
const videos = words(
  `mp4 m4v mov qt avi mpg mpeg mpe mjpg mp2 mpv mxf 3gp 3gpp 3g2 flv f4v mkv mts m2ts ogv webm asf wmv dv vob insv av1`,
);
const audios = words(
  "mp3 m4a m4b aac ac3 flac ogg oga opus wav wma aif aiff aifc ape mpc mka mid midi amr alac dsf wv",
);
const sidecars = words(
  "xmp aae json thm lrv glv lrf srt exif exv mie cos pp3 dop on1 xml yml yaml txt nfo md vrd dr4 mp mv",
);

/** Extensions for which {@link isDatedSidecar} holds. */
export const datedSidecarExtensions: readonly string[] = ["xmp", "json", "thm", "exif", "exv", "mie"];
const datedSidecars: ReadonlySet<string> = new Set(datedSidecarExtensions);

/**
 * Sorts a file by the extension of its name, without looking at its bytes.
 * RAW counts as photo, sidecars as other. Costs one lookup: fit for millions of names.
 */
export function categoryOf(name: string): Category {
  const extension = extensionOf(name);
  if (pictures.has(extension) || (raws.has(extension) && !doubtfulRaws.has(extension))) return "photo";
  if (videos.has(extension)) return "video";
  return audios.has(extension) ? "audio" : "other";
}

/** Whether the name says that this is what the sensor saw, not a finished picture. */
export function isRaw(name: string): boolean {
  return raws.has(extensionOf(name));
}

/** Whether a file of this name may belong to a photo or video; most text files do not. */
export function isSidecar(name: string): boolean {
  return sidecars.has(extensionOf(name));
}

/** Whether dates are read from a sidecar of this name: the others say nothing of their own. */
export function isDatedSidecar(name: string): boolean {
  return datedSidecars.has(extensionOf(name));
}

/** Lower-case extension without its dot; "" if there is none. A leading dot does not count. */
export function extensionOf(name: string): string {
  const dot = name.lastIndexOf(".");
  return dot > 0 && dot > name.lastIndexOf("/") + 1 ? name.slice(dot + 1).toLowerCase() : "";
}

/** Extensions of photos and videos, as {@link extensionOf} gives them: for questions to the inventory. */
export const mediaExtensions: readonly string[] = [
  ...pictures,
  ...[...raws].filter((extension) => !doubtfulRaws.has(extension)),
  ...videos,
];
