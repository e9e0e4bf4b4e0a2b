import { lstatSync, mkdirSync } from "node:fs";
import { OpenFolders } from "../disk/open-folders.ts";
import { systemCode } from "../model/errors.ts";
import { folderOf, joinPath, type PathText, systemPath } from "../model/path.ts";
import { flushFolderSync } from "./flush-folder.ts";
import { Trouble } from "./trouble.ts";

/** More are not remembered; a forgotten one costs a flush. */
const remembered = 20_000;

/** Folders held at the same time: those of most batches, and few enough for a process that may open a thousand files. */
const mostHeld = 256;

/** The archive's folders: made where they are missing, never followed through a link, flushed once for a batch. */
export class Folders {
  readonly #root: PathText;
  readonly #held: OpenFolders;
  /** Known to be folders since the last flush. */
  readonly #checked = new Set<PathText>();
  readonly #touched = new Set<PathText>();
  /** Their own names are on the disk for good. */
  readonly #durable = new Set<PathText>([""] as PathText[]);
  #made: PathText[] = [];

  constructor(root: PathText) {
    this.#root = root;
    this.#held = new OpenFolders(root, "passing", mostHeld);
  }

  /**
   * A path of the archive for system calls, in which no folder can be exchanged for a link any more; good for one step.
   *
   * @throws Trouble PATH_BLOCKED if a folder in it is none, or a link; NodeJS.ErrnoException ENOENT, EACCES, …
   */
  path(path: PathText): PathText {
    try {
      return this.#held.path(joinPath(this.#root, path));
    } catch (error) {
      if (systemCode(error) !== "ENOTDIR") throw error;
      throw new Trouble("PATH_BLOCKED", `${folderOf(path)} in the archive is not a folder`);
    }
  }

  /**
   * Makes a folder and those above it, unless they are there.
   *
   * @param folder Path below the root; "" is the root.
   * @throws Trouble PATH_BLOCKED if a part of it is a file or a symbolic link
   */
  ensure(folder: PathText): void {
    if (folder === "" || this.#checked.has(folder)) return;
    const parent = folderOf(folder);
    this.ensure(parent);
    if (this.#isMissing(folder)) this.#make(folder);
    // One that was there may have been made by a run that was killed before it could flush.
    if (!this.#durable.has(folder)) this.#touched.add(parent);
    this.#checked.add(folder);
  }

  /** Says that a name was added to, or removed from, the folder. */
  touch(folder: PathText): void {
    this.#touched.add(folder);
  }

  /**
   * Puts all names on the disk for good.
   *
   * @returns Folders made since the last flush, parents first.
   * @throws NodeJS.ErrnoException final: nothing of the batch may count as done
   */
  flush(): PathText[] {
    for (const folder of this.#touched) flushFolderSync(this.#held.inside(joinPath(this.#root, folder), "."));
    // A folder that somebody renames must not be taken for the one that it was.
    this.#held[Symbol.dispose]();
    if (this.#durable.size > remembered) this.#durable.clear();
    for (const folder of this.#checked) this.#durable.add(folder);
    this.#touched.clear();
    this.#checked.clear();
    const made = this.#made;
    this.#made = [];
    return made;
  }

  #isMissing(folder: PathText): boolean {
    const stats = lstatSync(systemPath(this.path(folder)), { throwIfNoEntry: false });
    if (stats !== undefined && !stats.isDirectory()) {
      throw new Trouble("PATH_BLOCKED", `${folder} in the archive is not a folder`);
    }
    return stats === undefined;
  }

  #make(folder: PathText): void {
    try {
      mkdirSync(systemPath(this.path(folder)));
      this.#made.push(folder);
    } catch (error) {
      // Somebody else was faster; what they made is looked at.
      if (systemCode(error) !== "EEXIST" || this.#isMissing(folder)) throw error;
    }
  }
}
