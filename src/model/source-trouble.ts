/**
 * Errors that concern a source as a whole, told from those of one file.
 *
 * Over a network both come as the error of whatever file is in hand. Where the server is gone, to try and list a million
 * files one by one helps nobody.
 */

/** The server, the line or the disk is gone: the next file would fare no better. */
const wholeSource: ReadonlySet<string> = new Set([
  "ECONNABORTED",
  "ECONNREFUSED",
  "ECONNRESET",
  "EHOSTDOWN",
  "EHOSTUNREACH",
  "ENETDOWN",
  "ENETUNREACH",
  "ENOTCONN",
  "EREMOTEIO",
  "ESHUTDOWN",
  "ETIMEDOUT",
]);

/** One bad block, or a server about to fail: their number tells. */
const suspicious: ReadonlySet<string> = new Set(["EBADMSG", "EINTR", "EIO", "ENODEV", "ENXIO", "ESTALE", "EUCLEAN"]);

/** Of a file that is a socket by now, of a stale handle, or of everything: the root tells which. */
const ofRootPerhaps: ReadonlySet<string> = new Set(["ENODEV", "ENXIO", "ESTALE"]);

export function isOfWholeSource(code: string): boolean {
  return wholeSource.has(code);
}

const burst = { errors: 10, withinMs: 60_000 };
const many = { errors: 100, share: 0.001 };

/** What the errors so far say of a source: nothing, that somebody should look at it, or that it has failed. */
export type Suspicion = "none" | "look" | "failed";

/**
 * Counts the errors of one source in one run.
 *
 * A local disk is never given up for their number: one that dies must be read as far as it goes, now rather than later.
 */
export class TroubleTally {
  readonly #remote: boolean;
  #files = 0;
  #errors = 0;
  /** When the last errors came, in milliseconds. */
  #recent: number[] = [];

  constructor(remote: boolean) {
    this.#remote = remote;
  }

  /** Files that were looked at or read, with or without success. */
  count(files: number): void {
    this.#files += files;
  }

  /** @param nowMs Never less than in the call before. */
  add(code: string, nowMs: number): Suspicion {
    if (isOfWholeSource(code)) return "failed";
    if (!suspicious.has(code)) return "none";
    this.#errors++;
    this.#recent = [...this.#recent.filter((at) => nowMs - at < burst.withinMs), nowMs].slice(-burst.errors);
    const isBurst = this.#recent.length >= burst.errors;
    const isMany = this.#errors > many.errors && this.#errors > many.share * this.#files;
    if (this.#remote && (isBurst || isMany)) return "failed";
    return isBurst || ofRootPerhaps.has(code) ? "look" : "none";
  }
}
