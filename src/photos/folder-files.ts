import { type Category, extensionOf, isRaw } from "../model/category.ts";
import type { Evidence } from "../model/evidence.ts";
import { type PathText, splitExtension } from "../model/path.ts";
import type { EpochNs } from "../model/time.ts";

/** One file of a folder, as far as its company is concerned. */
export interface FolderFile {
  readonly key: number;
  /** Without its folder. */
  readonly name: PathText;
  readonly category: Category;
  readonly modified: EpochNs;
  /** null: not read, or unreadable. */
  readonly evidence: Evidence | null;
}

/** A file that goes where its main file goes. */
export interface Tie {
  readonly member: number;
  readonly main: number;
  readonly role: Role;
}

export type Role =
  | "raw+jpeg"
  | "live-photo"
  | "motion-photo"
  | "edit"
  | "scan" // enhanced picture or back of a print
  | "xmp"
  | "aae"
  | "takeout"
  | "thumbnail"
  | "proxy" // small copy of a film
  | "subtitles"
  | "voice-memo"
  | "metadata"
  | "edit-settings"
  | "note";

/** All files of one folder, to be asked for by name and by stem. Upper and lower case, and forms of Unicode, are one. */
export class FolderFiles {
  readonly all: readonly FolderFile[];
  readonly #byName = new Map<string, FolderFile>();
  readonly #byStem = new Map<string, FolderFile[]>();

  constructor(files: readonly FolderFile[]) {
    // By name, so that no choice depends on the order in which a disk lists its files.
    this.all = files.toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.key - b.key));
    for (const file of this.all) {
      const name = folded(file.name);
      if (!this.#byName.has(name)) this.#byName.set(name, file);
      const stem = stemOf(file);
      const alike = this.#byStem.get(stem);
      if (alike === undefined) this.#byStem.set(stem, [file]);
      else alike.push(file);
    }
  }

  named(name: string): FolderFile | undefined {
    return this.#byName.get(folded(name));
  }

  /** Photos and videos of that stem, RAW first. */
  media(stem: string): readonly FolderFile[] {
    const files = (this.#byStem.get(folded(stem)) ?? []).filter(isMedia);
    return files.length < 2 ? files : files.toSorted((a, b) => Number(isRaw(b.name)) - Number(isRaw(a.name)));
  }
}

/** Name without its extension, in the form in which stems are compared. */
export function stemOf({ name }: FolderFile): string {
  return splitExtension(folded(name))[0];
}

export function hasExtension({ name }: FolderFile, ...extensions: readonly string[]): boolean {
  return extensions.includes(extensionOf(name));
}

export function isMedia({ category }: FolderFile): boolean {
  return category === "photo" || category === "video";
}

function folded(name: string): string {
  return name.normalize("NFC").toLowerCase();
}
