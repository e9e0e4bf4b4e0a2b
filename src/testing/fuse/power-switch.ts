import { systemError } from "./file-system.ts";
import type { Around } from "./kernel.ts";
import type { Operation } from "./requests.ts";

/** Calls that change what is, or will be, on the disk. */
const changing = new Set<Operation>([
  "setattr",
  "symlink",
  "mknod",
  "mkdir",
  "unlink",
  "rmdir",
  "rename",
  "link",
  "create",
  "write",
  "fsync",
  "fsyncdir",
  "syncfs",
]);

/** Stops the disk before a change that is told beforehand, so that a power cut can come exactly there. */
export class PowerSwitch {
  /** So far, the one that it stopped at included. */
  changes = 0;
  readonly #onFrozen: () => void;
  #freezeAt = Number.POSITIVE_INFINITY;
  #wake: (() => void) | null = null;
  #awake = Promise.resolve();

  constructor(onFrozen: () => void) {
    this.#onFrozen = onFrozen;
  }

  /** Nothing is answered any more from the given change on, counted from now, 1 being the next. */
  freezeAt(change: number): void {
    this.changes = 0;
    this.#freezeAt = change;
  }

  /** Those that waited meet EIO, if their program still lives. */
  on(): void {
    this.#freezeAt = Number.POSITIVE_INFINITY;
    this.changes = 0;
    this.#wake?.();
    this.#wake = null;
  }

  readonly around: Around = ({ operation }, act) => {
    if (this.#wake === null && changing.has(operation) && ++this.changes >= this.#freezeAt) this.#freeze();
    if (this.#wake === null) return act();
    return this.#awake.then(() => {
      throw systemError("EIO");
    });
  };

  #freeze(): void {
    this.#awake = new Promise((resolve) => {
      this.#wake = resolve;
    });
    this.#onFrozen();
  }
}
