import { ContentHasher, digest } from "../disk/content-hasher.ts";
import { type Hash, toHash } from "../model/file.ts";
import { headBytes, headDigits, wholeUpTo } from "../model/fingerprint.ts";

/** Takes a file's hash and head from its bytes as they pass, in order and without gaps. */
export class Fingerprints {
  readonly #whole: ContentHasher;
  readonly #size: number;
  /** First and last bytes of the file, one after the other; null for a file too short to have a head. */
  readonly #ends: Buffer | null;

  /** @param size Bytes that will pass. */
  constructor(size: number) {
    this.#size = size;
    this.#whole = new ContentHasher(size);
    this.#ends = size > wholeUpTo ? Buffer.alloc(2 * headBytes) : null;
  }

  pass(piece: Buffer, at: number): void {
    this.#whole.update(piece);
    if (this.#ends === null) return;
    keep(piece, at, this.#ends.subarray(0, headBytes), 0);
    keep(piece, at, this.#ends.subarray(headBytes), this.#size - headBytes);
  }

  finish(): { readonly hash: Hash; readonly head: string | null } {
    const head = this.#ends === null ? null : digest(this.#ends).slice(0, headDigits);
    return { hash: toHash(this.#whole.digest()), head };
  }
}

/** Copies into `window`, which begins at `windowAt` in the file, what of it lies in `piece`. */
function keep(piece: Buffer, at: number, window: Buffer, windowAt: number): void {
  const from = Math.max(at, windowAt);
  const to = Math.min(at + piece.length, windowAt + window.length);
  if (from < to) piece.copy(window, from - windowAt, from - at, to - at);
}
