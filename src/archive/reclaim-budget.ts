/** How much one run may take; files that turn out not to go give back what they took of it. */
export class Budget {
  #files: number;
  #bytes: number;

  /** Infinity: no limit. */
  constructor({ files, bytes }: { readonly files: number; readonly bytes: number }) {
    this.#files = files;
    this.#bytes = bytes;
  }

  get isSpent(): boolean {
    return this.#files <= 0 || this.#bytes <= 0;
  }

  /** false: it is too large for what is left. */
  take(bytes: number): boolean {
    if (this.#files < 1 || bytes > this.#bytes) return false;
    this.#files -= 1;
    this.#bytes -= bytes;
    return true;
  }

  giveBack(bytes: number): void {
    this.#files += 1;
    this.#bytes += bytes;
  }
}
