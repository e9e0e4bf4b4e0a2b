import { type BigIntStats, lstatSync, mkdirSync } from "node:fs";
import { OpenFolders } from "../disk/open-folders.ts";
import { systemCode } from "../model/errors.ts";
import { folderOf, joinPath, nameOf, type PathText, systemPath } from "../model/path.ts";
import { flushFolderSync } from "./flush-folder.ts";
import { hastenFlush } from "./hasten-flush.ts";
import { Trouble } from "./trouble.ts";

/** Open at the same time, in one thread. */
const most = 64;

/**
 * Folders of the archive, or of a source, in which names change: reached by paths below their root, held so that they
 * stay the ones that were found whatever is done to their paths meanwhile, and flushed together.
 */
export class PinnedFolders implements Disposable {
  readonly #root: PathText;
  readonly #tree: string;
  readonly #held: OpenFolders;
  readonly #touched = new Set<PathText>();

  /** @param root Absolute; trusted as it stands. @param tree What messages call it. */
  constructor(root: PathText, tree = "the archive") {
    this.#root = root;
    this.#tree = tree;
    this.#held = new OpenFolders(root, "changing");
  }

  /**
   * A path for system calls, in which no folder can be exchanged for a link any more; good until the next {@link settle}.
   *
   * @param path Below the root.
   * @throws Trouble PATH_BLOCKED if a part above the last is a symbolic link or no folder; NodeJS.ErrnoException ENOENT,
   *   EACCES, …
   */
  path(path: PathText): PathText {
    return this.inside(folderOf(path), nameOf(path));
  }

  /**
   * The same for a name in a folder.
   *
   * @param folder Path below the root; "" is the root.
   * @param name "." is the folder itself.
   */
  inside(folder: PathText, name: string): PathText {
    // A root that is none any more is the system's to tell: it concerns more than one folder.
    if (folder === "") return this.#held.inside(this.#root, name);
    this.#held.inside(this.#root, ".");
    try {
      return this.#held.inside(joinPath(this.#root, folder), name);
    } catch (error) {
      if (!["ELOOP", "ENOTDIR"].includes(systemCode(error) ?? "")) throw error;
      throw new Trouble("PATH_BLOCKED", `${folder} in ${this.#tree} is not a folder any more`);
    }
  }

  /** What stands at a path, a link as such; null: nothing, or not even its folder. @throws as {@link path} does */
  look(path: PathText): BigIntStats | null {
    try {
      return lstatSync(systemPath(this.path(path)), { bigint: true, throwIfNoEntry: false }) ?? null;
    } catch (error) {
      if (systemCode(error) === "ENOENT") return null;
      throw error;
    }
  }

  /**
   * Makes a folder and those above it, where they are missing; good until the next {@link settle}, as a path is.
   *
   * @param mode Permission bits of those that are made, less the umask.
   * @throws as {@link path} does
   */
  ensure(folder: PathText, mode = 0o777): void {
    try {
      this.inside(folder, ".");
      return;
    } catch (error) {
      if (systemCode(error) !== "ENOENT" || folder === "") throw error;
    }
    const parent = folderOf(folder);
    this.ensure(parent, mode);
    try {
      mkdirSync(systemPath(this.path(folder)), mode);
    } catch (error) {
      // Somebody else was faster; what they made is opened like any other.
      if (systemCode(error) !== "EEXIST") throw error;
    }
    this.touch(parent);
    this.inside(folder, ".");
  }

  /** Says that a name in the folder was changed. */
  touch(folder: PathText): void {
    this.#touched.add(folder);
  }

  /** A folder is gone: there is nothing of it to flush or to reach. */
  forget(folder: PathText): void {
    this.#touched.delete(folder);
    this.#held.release(joinPath(this.#root, folder));
  }

  /** Flushes and closes the folders once they are many. @throws as {@link flush} does */
  settle(): void {
    if (this.#held.size > most) this.flush();
  }

  /**
   * Puts all changed names on the disk for good.
   *
   * @throws NodeJS.ErrnoException final: none of them may count as done
   */
  flush(): void {
    hastenFlush(this.#root, this.#touched.size);
    for (const folder of this.#touched) flushFolderSync(this.inside(folder, "."));
    this.#touched.clear();
    this[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    this.#held[Symbol.dispose]();
  }
}
