import { constants, openSync } from "node:fs";
import { folderOf, joinPath, nameOf, type PathText, systemPath } from "../model/path.ts";
import { closeQuietly } from "./close-quietly.ts";

/**
 * O_PATH, which node does not name (the same number on x86-64 and ARM): a folder is held without being opened for
 * reading. So one that may only be passed through will do, and a network share is asked nothing.
 */
const withoutReading = 0o10000000;

/** Held at the same time, for those that only pass through, if nothing else is said. */
const usual = 64;

/**
 * What folders are held for.
 *
 * `passing`: to reach what lies in them. They need not be readable, the root may be a link, and the one that was not
 * used for longest is let go.
 *
 * `changing`: names in them will change, and must be flushed. They must be readable, as flushing is by opening; the root
 * must be no link; and each is held until it is let go, so that what was changed is what is flushed.
 */
export type HeldFor = "passing" | "changing";

const passing = withoutReading | constants.O_DIRECTORY;
const changing = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
const flags = {
  passing: { asRoot: passing, asFolder: passing | constants.O_NOFOLLOW },
  changing: { asRoot: changing, asFolder: changing },
};

/**
 * Folders that stay the ones that were found first, whatever is done to their paths meanwhile.
 *
 * O_NOFOLLOW guards the last part of a path only: a folder above it may be exchanged for a symbolic link between two
 * system calls. So every part is taken from the one before it, and names are reached through the held folder. Costs two
 * microseconds a file and some more for each folder. To be disposed of soon: a folder that is renamed meanwhile is still
 * reached by its old name, and a held disk cannot be unmounted.
 */
export class OpenFolders implements Disposable {
  readonly #root: PathText;
  readonly #heldFor: HeldFor;
  readonly #most: number;
  /** In the order of their last use. */
  readonly #held = new Map<PathText, number>();

  /**
   * @param root Absolute; trusted as it stands, links above it too. Below it no link is followed.
   * @param most Held at the same time, for those that only pass through.
   */
  constructor(root = "/" as PathText, heldFor: HeldFor = "passing", most = usual) {
    this.#root = root;
    this.#heldFor = heldFor;
    this.#most = heldFor === "changing" ? Number.POSITIVE_INFINITY : most;
  }

  /** How many are held. */
  get size(): number {
    return this.#held.size;
  }

  /**
   * A path for system calls that act on a file or folder as such: they must not follow a link in its last part.
   *
   * @param path Absolute, below the root; without "." and "..".
   * @returns Good until the folder is let go; of those that are held for passing, until `most` others were asked for.
   * @throws NodeJS.ErrnoException ENOTDIR if a part above the last is a symbolic link or no folder; ENOENT, EACCES, …
   */
  path(path: PathText): PathText {
    return this.inside(folderOf(path), nameOf(path));
  }

  /** The same for a name in a folder; "." is the folder itself. */
  inside(folder: PathText, name: string): PathText {
    return inHeld(this.#hold(folder === "" ? ("/" as PathText) : folder), name);
  }

  /** The open folder itself, for system calls that take one; good as long as a path is. */
  descriptor(folder: PathText): number {
    return this.#hold(folder === "" ? ("/" as PathText) : folder);
  }

  /** Lets a folder go: it is reached by its path again. */
  release(folder: PathText): void {
    const fd = this.#held.get(folder);
    if (fd !== undefined) closeQuietly(fd);
    this.#held.delete(folder);
  }

  /** Lets all go. */
  [Symbol.dispose](): void {
    for (const fd of this.#held.values()) closeQuietly(fd);
    this.#held.clear();
  }

  #hold(folder: PathText): number {
    const held = this.#held.get(folder);
    if (held !== undefined) {
      this.#held.delete(folder);
      this.#held.set(folder, held);
      return held;
    }
    return this.#find(folder);
  }

  #keep(folder: PathText, fd: number): number {
    this.#held.set(folder, fd);
    for (const oldest of this.#held.keys()) {
      if (this.#held.size <= this.#most) break;
      this.release(oldest);
    }
    return fd;
  }

  /** From the nearest folder above that is held. */
  #find(folder: PathText): number {
    const { asFolder, asRoot } = flags[this.#heldFor];
    if (folder === this.#root) return this.#keep(folder, openSync(systemPath(folder), asRoot));
    const missing: PathText[] = [];
    let above = folder;
    while (above !== this.#root && !this.#held.has(above)) {
      if (above === "" || above === "/") throw new TypeError(`${folder} does not lie below ${this.#root}`);
      missing.unshift(above);
      above = folderOf(above) === "" ? ("/" as PathText) : folderOf(above);
    }
    let fd = this.#hold(above);
    for (const next of missing) {
      const parent = fd;
      try {
        fd = openSync(systemPath(inHeld(parent, nameOf(next))), asFolder);
      } finally {
        if (this.#heldFor === "changing" && parent !== this.#held.get(above)) closeQuietly(parent);
      }
      // Those between are kept for passing, too: the way to its neighbours leads through them.
      if (this.#heldFor === "passing" || next === folder) this.#keep(next, fd);
    }
    return fd;
  }
}

/** A path of what lies in an open folder. */
export function inHeld(fd: number, name: string): PathText {
  return joinPath("/proc/self/fd", String(fd), name);
}
