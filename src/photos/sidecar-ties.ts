import { extensionOf, isRaw } from "../model/category.ts";
import { Rung } from "../model/evidence.ts";
import { splitExtension } from "../model/path.ts";
import { type FolderFile, type FolderFiles, type Role, stemOf, type Tie } from "./folder-files.ts";

/** How files of one extension belong to photos and videos. */
interface Habit {
  readonly role: Role;
  /** Of whom, if not of all. */
  readonly of?: "photo" | "video";
  /** `IMG_1.xmp` for `IMG_1.jpg`; without it only `IMG_1.jpg.xmp` is a sidecar. */
  readonly byStem: boolean;
}

const proxy: Habit = { role: "proxy", of: "video", byStem: true };
const settings: Habit = { role: "edit-settings", of: "photo", byStem: true };
const metadata: Habit = { role: "metadata", byStem: true };
const note: Habit = { role: "note", byStem: false };
const habits: Readonly<Record<string, Habit>> = {
  xmp: { role: "xmp", byStem: true },
  aae: { role: "aae", byStem: true },
  thm: { role: "thumbnail", byStem: true },
  srt: { role: "subtitles", of: "video", byStem: true },
  ...{ lrv: proxy, glv: proxy, lrf: proxy },
  ...{ exif: metadata, exv: metadata, mie: metadata },
  ...{ cos: settings, pp3: settings, dop: settings, on1: settings, vrd: settings, dr4: settings },
  ...{ json: note, xml: note, yml: note, yaml: note, txt: note, nfo: note, md: note },
};

/**
 * Sidecars by name: `name.ext.xmp` before `name.xmp`; beside RAW and JPEG `name.xmp` is the RAW's. Where it
 * could be of several that do not belong together, it is of none.
 *
 * @param mainOf The final main file of a file, by the ties found before.
 */
export function sidecars(folder: FolderFiles, mainOf: (key: number) => number): readonly Tie[] {
  return folder.all.flatMap((file): Tie[] => {
    const habit =
      habits[extensionOf(file.name)] ??
      (isVoiceMemo(file) ? ({ role: "voice-memo", of: "photo", byStem: true } as const) : null);
    if (habit === null) return [];
    const main = ofWholeName(file, folder) ?? ofStem(file, habit, folder, mainOf) ?? ofMakersName(file, folder);
    return main === undefined ? [] : [{ member: file.key, main, role: habit.role }];
  });
}

function ofWholeName(file: FolderFile, folder: FolderFiles): number | undefined {
  const main = folder.named(splitExtension(file.name)[0]);
  return main !== undefined && (main.category === "photo" || main.category === "video") ? main.key : undefined;
}

function ofStem(
  file: FolderFile,
  habit: Habit,
  folder: FolderFiles,
  mainOf: (key: number) => number,
): number | undefined {
  if (!habit.byStem) return undefined;
  const possible = stemsFor(file, habit.role)
    .map((stem) => folder.media(stem).filter(({ category }) => habit.of === undefined || habit.of === category))
    .find((media) => media.length > 0);
  if (possible === undefined) return undefined;
  const [first] = possible;
  if (first !== undefined && isRaw(first.name)) return first.key;
  const photos = possible.filter(({ category }) => category === "photo");
  // A drawing or a screenshot of the same name has no capture date.
  const dated = photos.filter(({ evidence }) => evidence?.dates.some(({ rung }) => rung <= Rung.embeddedText));
  return onlyMain(possible, mainOf) ?? onlyMain(photos, mainOf) ?? onlyMain(dated, mainOf);
}

/** Apple calls the edits of `IMG_1234` also `IMG_O1234.AAE` or `IMG_1234_O.AAE`. */
function stemsFor(file: FolderFile, role: Role): readonly string[] {
  const stem = stemOf(file);
  if (role !== "aae") return [stem];
  return [stem, stem.replace(/^img_[oe](?=\d)/, "img_"), stem.replace(/_o$/, "")];
}

/** GoPro's `GL010001.LRV` of `GX010001.MP4`, Sony's `C0001M01.XML` of `C0001.MP4`. */
function ofMakersName(file: FolderFile, folder: FolderFiles): number | undefined {
  const stem = stemOf(file);
  const [, gopro] = /^gl(\d{6})$/.exec(stem) ?? [];
  const [, sony] = extensionOf(file.name) === "xml" ? (/^(.+)m\d\d$/.exec(stem) ?? []) : [];
  const stems = [...(gopro === undefined ? [] : [`gx${gopro}`, `gh${gopro}`]), ...(sony === undefined ? [] : [sony])];
  return stems.flatMap((one) => folder.media(one)).find(({ category }) => category === "video")?.key;
}

function onlyMain(files: readonly FolderFile[], mainOf: (key: number) => number): number | undefined {
  const mains = new Set(files.map(({ key }) => mainOf(key)));
  const [main] = mains;
  return mains.size === 1 ? main : undefined;
}

/** Cameras number them like their photos; a song beside its cover picture is none. */
function isVoiceMemo(file: FolderFile): boolean {
  return extensionOf(file.name) === "wav" && /\d{3}$/.test(stemOf(file));
}
