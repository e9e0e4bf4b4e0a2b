import { fdatasyncSync, fstatSync, fsyncSync } from "node:fs";
import type { OpenFile } from "../disk/open-file.ts";
import { systemCode } from "../model/errors.ts";
import type { PathText } from "../model/path.ts";
import type { EpochNs } from "../model/time.ts";
import { setModifiedExactly } from "./file-time.ts";
import type { PinnedFolders } from "./pinned-folder.ts";
import { openForReading } from "./read-file.ts";
import type { Standing } from "./standing.ts";
import { Trouble } from "./trouble.ts";

/** A kept file whose modification time is another one now. */
export interface Retimed {
  readonly path: PathText;
  readonly inode: bigint;
  readonly modified: EpochNs;
}

/** What a batch has done to the files that it links others to. All lie on one file system, so inodes tell them apart. */
export class KeptFiles {
  readonly #retimed = new Map<bigint, Retimed>();
  readonly #durable = new Set<bigint>();

  /** The file as it should stand now. */
  now(kept: Standing): Standing {
    return { ...kept, modified: this.#retimed.get(kept.inode)?.modified ?? kept.modified };
  }

  /** Makes sure that its bytes are on the disk for good; once, since nobody writes to it but those we would notice. */
  flushBytes({ inode }: Standing, fd: number): void {
    if (this.#durable.has(inode)) return;
    fdatasyncSync(fd);
    this.#durable.add(inode);
  }

  /**
   * Not flushed before {@link flushTimes}: file systems keep the order of a time and a rename, and the journal has it.
   *
   * @throws Trouble if the time is not ours to set
   */
  setModified({ path, inode }: Standing, fd: number, modified: EpochNs): void {
    try {
      setModifiedExactly(fd, modified);
    } catch (error) {
      if (systemCode(error) !== "EPERM" && systemCode(error) !== "EACCES") throw error;
      throw new Trouble(systemCode(error) ?? "EPERM", `is older than ${path}, whose time cannot be set`);
    } finally {
      const set = fstatSync(fd, { bigint: true }).mtimeNs as EpochNs;
      this.#retimed.set(inode, { path, inode, modified: set });
    }
  }

  /** @throws NodeJS.ErrnoException final */
  flushTimes(folders: PinnedFolders): void {
    for (const { path } of this.#retimed.values()) {
      folders.settle();
      using file = openIfThere(path, folders);
      if (file !== null) fsyncSync(file.fd);
    }
  }

  /** Somebody else wrote to it: what we set must not be recorded, so that the next scan sees that it changed. */
  disown({ inode }: Standing): void {
    this.#retimed.delete(inode);
  }

  retimed(): Retimed[] {
    return [...this.#retimed.values()];
  }
}

/** One that somebody has moved since is for the next scan to find. */
function openIfThere(path: PathText, folders: PinnedFolders): OpenFile | null {
  try {
    return openForReading(folders.path(path));
  } catch (error) {
    if (error instanceof Trouble || systemCode(error) === "ENOENT" || systemCode(error) === "ELOOP") return null;
    throw error;
  }
}
