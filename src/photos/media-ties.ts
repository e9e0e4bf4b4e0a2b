import { isRaw } from "../model/category.ts";
import { splitExtension } from "../model/path.ts";
import { editedNames } from "./edited-names.ts";
import {
  type FolderFile,
  type FolderFiles,
  hasExtension,
  isMedia,
  type Role,
  stemOf,
  type Tie,
} from "./folder-files.ts";
import { takenTogether, writtenTogether } from "./moment.ts";
import type { TakeoutPair } from "./takeout.ts";

/** Apple's identifier in both halves: certain, whatever they are called. */
export function livePairsById(folder: FolderFiles): readonly Tie[] {
  const first = new Map<string, FolderFile>();
  const byStem = new Map<string, FolderFile>();
  for (const file of folder.all) {
    const id = file.evidence?.pairId;
    if (id === undefined || file.category !== "photo") continue;
    if (!first.has(id)) first.set(id, file);
    byStem.set(`${id}/${stemOf(file)}`, file);
  }
  return folder.all.flatMap((file) => {
    const id = file.evidence?.pairId;
    if (id === undefined || file.category !== "video") return [];
    // Edits and conversions keep the identifier: the still of the same name is the one it was taken with.
    const main = byStem.get(`${id}/${movieStem(file)}`) ?? first.get(id);
    return main === undefined ? [] : [tie(file, main, "live-photo")];
  });
}

/** The JPEG that a camera wrote beside its RAW. Where times are missing in the files, the disk must have got them together. */
export function rawWithPicture(folder: FolderFiles): readonly Tie[] {
  return folder.all.flatMap((file) => {
    if (file.category !== "photo" || isRaw(file.name)) return [];
    const raws = folder.media(stemOf(file)).filter(({ name }) => isRaw(name));
    const main = raws.find((raw) => takenTogether(file, raw) ?? writtenTogether(file, raw));
    return main === undefined ? [] : [tie(file, main, "raw+jpeg")];
  });
}

/** A film beside a still of the same name counts as its other half only if both tell the same moment. */
export function livePairsByTime(folder: FolderFiles): readonly Tie[] {
  return folder.all.flatMap((file) => {
    if (!hasExtension(file, "mov", "mp4")) return [];
    const id = file.evidence?.pairId;
    const stills = [stemOf(file), movieStem(file)].flatMap((stem) => folder.media(stem));
    const main = stills.find((still) => {
      const otherId = still.evidence?.pairId;
      const strangers = id !== undefined && otherId !== undefined && id !== otherId;
      return still.category === "photo" && !strangers && takenTogether(file, still) === true;
    });
    return main === undefined ? [] : [tie(file, main, "live-photo")];
  });
}

/** In a Takeout every photo and every film has its own JSON; a film that shares that of a still is its other half. */
export function livePairsByTakeout(folder: FolderFiles, pairs: readonly TakeoutPair[]): readonly Tie[] {
  const files = new Map(folder.all.map((file) => [file.key, file]));
  return pairs.flatMap(({ media }) => {
    const [main, ...others] = media.map((key) => files.get(key));
    if (main?.category !== "photo") return [];
    return others.flatMap((file) => (file?.category === "video" ? [tie(file, main, "live-photo")] : []));
  });
}

/** `IMG_1.MP` that Takeout split off `IMG_1.MP.jpg` or `IMG_1.jpg`. */
export function splitMotionPhotos(folder: FolderFiles): readonly Tie[] {
  return folder.all.flatMap((file) => {
    if (!hasExtension(file, "mp", "mv")) return [];
    const main = [...folder.media(file.name), ...folder.media(stemOf(file))].find(
      ({ category }) => category === "photo",
    );
    return main === undefined ? [] : [tie(file, main, "motion-photo")];
  });
}

/** `IMG_E1234` beside `IMG_1234` (Apple), and `x-edited` beside `x` (Google), of one moment or one JSON. */
export function edits(folder: FolderFiles, pairs: readonly TakeoutPair[]): readonly Tie[] {
  const json = new Map(pairs.flatMap((pair) => pair.media.map((key) => [key, pair.json] as const)));
  return folder.all.flatMap((file) => {
    if (!isMedia(file)) return [];
    const main = unedited(file, folder).find(
      (original) =>
        original.key !== file.key &&
        original.category === file.category &&
        (takenTogether(file, original) ?? (json.has(file.key) && json.get(file.key) === json.get(original.key))),
    );
    return main === undefined ? [] : [tie(file, main, "edit")];
  });
}

function unedited(file: FolderFile, folder: FolderFiles): readonly FolderFile[] {
  const [, number] = /^img_e(\d+)$/.exec(stemOf(file)) ?? [];
  if (number !== undefined) return folder.media(`img_${number}`);
  return editedNames(file.name.normalize("NFC")).flatMap(({ name }) => folder.named(name) ?? []);
}

/** Epson FastFoto writes `x_a` (enhanced) and `x_b` (back of the print) beside `x`. */
export function fastFotoSides(folder: FolderFiles): readonly Tie[] {
  return folder.all.flatMap((file) => {
    const [stem, extension] = splitExtension(file.name);
    if (file.category !== "photo" || !/_[ab]$/.test(stem)) return [];
    const main = folder.named(`${stem.slice(0, -2)}${extension}`);
    return main === undefined || !isFastFoto(file) || !isFastFoto(main) ? [] : [tie(file, main, "scan")];
  });
}

function isFastFoto({ evidence }: FolderFile): boolean {
  return /epson|fastfoto/i.test(`${evidence?.camera ?? ""} ${evidence?.software ?? ""}`);
}

/** A downloader calls the film of `IMG_6694.HEIC` `IMG_6694_HEVC.MOV`. */
function movieStem(file: FolderFile): string {
  return stemOf(file).replace(/_hevc$/, "");
}

function tie(member: FolderFile, main: FolderFile, role: Role): Tie {
  return { member: member.key, main: main.key, role };
}
