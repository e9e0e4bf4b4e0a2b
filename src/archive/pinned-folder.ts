import { constants, mkdirSync, openSync } from "node:fs";
import { closeQuietly } from "../disk/close-quietly.ts";
import { systemCode } from "../model/errors.ts";
import { folderOf, joinPath, nameOf, type PathText, systemPath } from "../model/path.ts";
import { flushFolderSync } from "./flush-folder.ts";
import { hastenFlush } from "./hasten-flush.ts";
import { Trouble } from "./trouble.ts";

const asFolder = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/** Open at the same time, in one thread. */
const most = 64;

/**
 * Folders of the archive, or of a source, that stay the ones that were opened, whatever is done to their paths meanwhile.
 *
 * O_NOFOLLOW guards the last part of a path only; a folder above it may be exchanged for a symbolic link between two
 * system calls. So every part is opened from the one before it, and names are reached through the open folder.
 */
export class PinnedFolders implements Disposable {
  readonly #root: PathText;
  readonly #tree: string;
  readonly #open = new Map<PathText, number>();
  readonly #touched = new Set<PathText>();

  /** @param root Absolute; trusted as it stands. @param tree What messages call it. */
  constructor(root: PathText, tree = "the archive") {
    this.#root = root;
    this.#tree = tree;
  }

  /**
   * A name in a folder as a path for system calls; good until the next {@link settle}.
   *
   * @param folder Path below the root; "" is the root.
   * @param name "." is the folder itself.
   * @throws Trouble PATH_BLOCKED if a part of it is a symbolic link or no folder; NodeJS.ErrnoException ENOENT, EACCES, …
   */
  path(folder: PathText, name: string): PathText {
    const fd = this.#open.get(folder) ?? this.#pin(folder);
    return inOpen(fd, name);
  }

  /**
   * Makes a folder and those above it, where they are missing; good until the next {@link settle}, as a path is.
   *
   * @param mode Permission bits of those that are made, less the umask.
   * @throws as {@link path} does
   */
  ensure(folder: PathText, mode = 0o777): void {
    try {
      this.path(folder, ".");
      return;
    } catch (error) {
      if (systemCode(error) !== "ENOENT" || folder === "") throw error;
    }
    const parent = folderOf(folder);
    this.ensure(parent, mode);
    try {
      mkdirSync(systemPath(this.path(parent, nameOf(folder))), mode);
    } catch (error) {
      // Somebody else was faster; what they made is opened like any other.
      if (systemCode(error) !== "EEXIST") throw error;
    }
    this.touch(parent);
    this.path(folder, ".");
  }

  /** Says that a name in the folder was changed. */
  touch(folder: PathText): void {
    this.#touched.add(folder);
  }

  /** A folder is gone: there is nothing of it to flush or to reach. */
  forget(folder: PathText): void {
    this.#touched.delete(folder);
    const fd = this.#open.get(folder);
    if (fd !== undefined) closeQuietly(fd);
    this.#open.delete(folder);
  }

  /** Flushes and closes the folders once they are many. @throws as {@link flush} does */
  settle(): void {
    if (this.#open.size > most) this.flush();
  }

  /**
   * Puts all changed names on the disk for good.
   *
   * @throws NodeJS.ErrnoException final: none of them may count as done
   */
  flush(): void {
    hastenFlush(this.#root, this.#touched.size);
    for (const folder of this.#touched) flushFolderSync(this.path(folder, "."));
    this.#touched.clear();
    this[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    for (const fd of this.#open.values()) closeQuietly(fd);
    this.#open.clear();
  }

  #pin(folder: PathText): number {
    let fd = openSync(systemPath(this.#root), asFolder);
    for (const part of folder === "" ? [] : folder.split("/")) {
      const parent = fd;
      try {
        fd = openSync(systemPath(inOpen(parent, part)), asFolder);
      } catch (error) {
        const isBlocked = ["ELOOP", "ENOTDIR"].includes(systemCode(error) ?? "");
        throw isBlocked ? new Trouble("PATH_BLOCKED", `${folder} in ${this.#tree} is not a folder any more`) : error;
      } finally {
        closeQuietly(parent);
      }
    }
    this.#open.set(folder, fd);
    return fd;
  }
}

function inOpen(fd: number, name: string): PathText {
  return joinPath("/proc/self/fd", String(fd), name);
}
