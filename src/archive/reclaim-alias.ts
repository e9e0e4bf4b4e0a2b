import { closeSync, constants, lstatSync, openSync, unlinkSync } from "node:fs";
import type { ReclaimableFile } from "../inventory/reclaimable.ts";
import { systemCode } from "../model/errors.ts";
import type { Hash } from "../model/file.ts";
import { folderOf, nameOf, type PathText, systemPath } from "../model/path.ts";
import type { PinnedFolders } from "./pinned-folder.ts";
import { newTemporaryName } from "./private-folder.ts";
import { ofEntry, sameFile } from "./reclaim-proof.ts";

/** Finds out that a folder of a source is a folder of the archive under another path, as through two mounts. */
export interface AliasCheck {
  /** @throws Trouble SAME_FILE; EntryTrouble if the archive's folder cannot be asked; NodeJS.ErrnoException */
  check(task: ReclaimableFile): void;
}

/** Device and inode tell: where both file systems keep numbers that can be trusted. */
export const noAliasCheck: AliasCheck = { check: () => undefined };

/** Where the archive has a content, by its hash. */
export type PlacesOf = ReadonlyMap<Hash, readonly PathText[]>;

/** Begins like this: a scan takes one that a killed run left behind for what it is. */
const nonce = ".onefold-nonce-";

/**
 * Asks the file systems, since over a network one file may have two inode numbers, and two files one: an empty file
 * with a new name, made in the archive's folder, must not appear in the source's. Costs a file made and removed for
 * each pair of folders, and one question to the share.
 */
export class NonceCheck implements AliasCheck {
  readonly #source: PinnedFolders;
  readonly #archive: PinnedFolders;
  readonly #places: PlacesOf;
  /** Pairs that are two folders. */
  readonly #apart = new Set<string>();

  constructor(folders: { readonly source: PinnedFolders; readonly archive: PinnedFolders }, places: PlacesOf) {
    this.#source = folders.source;
    this.#archive = folders.archive;
    this.#places = places;
  }

  check({ path, hash, entry }: ReclaimableFile): void {
    const here = folderOf(path);
    const alike = (this.#places.get(hash) ?? []).filter((place) => folded(place) === folded(path));
    for (const there of new Set([entry.path, ...alike].map(folderOf))) {
      const pair = `${here}\0${there}`;
      if (this.#apart.has(pair)) continue;
      if (this.#isOne(here, there)) throw sameFile(entry.path);
      this.#apart.add(pair);
    }
  }

  #isOne(here: PathText, there: PathText): boolean {
    const name = `${nonce}${newTemporaryName()}`;
    const made = ofEntry(() => this.#make(there, name));
    if (made === null) return false;
    try {
      const seen = systemPath(this.#source.inside(here, name));
      return lstatSync(seen, { throwIfNoEntry: false }) !== undefined;
    } finally {
      ofEntry(() => unlinkSync(systemPath(made)));
    }
  }

  /** null if the archive has no such folder any more. */
  #make(folder: PathText, name: string): PathText | null {
    try {
      const path = this.#archive.inside(folder, name);
      closeSync(openSync(systemPath(path), constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY, 0o600));
      return path;
    } catch (error) {
      if (systemCode(error) === "ENOENT") return null;
      throw error;
    }
  }
}

/** Names that one file may have through two mounts: shares may ignore case, and write accents in two ways. */
function folded(path: PathText): string {
  return nameOf(path).normalize("NFC").toLowerCase();
}
