import { Blake3Hasher, blake3 } from "@napi-rs/blake-hash";

/**
 * BLAKE3-256 of a content whose pieces pass in order.
 *
 * Most files pass in one piece, which one call hashes: a hasher of its own for each would cost more than the bytes of a
 * small file, and later the garbage collector's time.
 */
export class ContentHasher {
  readonly #size: number;
  #only: string | null = null;
  #hasher: Blake3Hasher | null = null;

  /** @param size Bytes that will pass. */
  constructor(size: number) {
    this.#size = size;
  }

  update(piece: Uint8Array): void {
    if (this.#hasher === null && piece.length === this.#size) this.#only = digest(piece);
    else {
      this.#hasher ??= new Blake3Hasher();
      this.#hasher.update(piece as Buffer);
    }
  }

  /** 64 lower-case hex digits. */
  digest(): string {
    return this.#only ?? this.#hasher?.digest("hex") ?? digest(new Uint8Array());
  }
}

/** BLAKE3-256 of bytes in memory: 64 lower-case hex digits. */
export function digest(bytes: Uint8Array): string {
  return blake3(bytes).toString("hex");
}
