import { archiveExchanged } from "../archive/errors.ts";
import type { PathText } from "../model/path.ts";
import { TroubleTally } from "../model/source-trouble.ts";
import { isSameRoot, type RootIdentity, type RootLooks } from "../sources/root-watch.ts";
import { ThreadSilent } from "../threads/pool.ts";
import { describeTrouble } from "./trouble.ts";

/** Whether a source or the archive is still what it was when the run began. */
export interface Watch {
  /** Aborted when it is lost; what reads it ends then. */
  readonly signal: AbortSignal;
  /** Why it is lost, as the end of a sentence; null while it is there. */
  readonly lost: string | null;
  /** Looks whether the same folder of the same mount is there; loses it if not. */
  isThere(): Promise<boolean>;
  lose(because: string): void;
  /** Files that were looked at or read. */
  count(files: number): void;
  /**
   * Tells what went wrong with files.
   *
   * @returns what is to be listed file by file: nothing that says that the whole source is gone
   */
  hear<Failure extends { readonly code: string }>(failures: readonly Failure[]): Promise<readonly Failure[]>;
}

/** For looking things up: nothing is read that could be lost. */
export const unwatched: Watch = {
  signal: new AbortController().signal,
  lost: null,
  isThere: async () => true,
  lose: () => undefined,
  count: () => undefined,
  hear: async (failures) => failures,
};

export interface Watched {
  readonly root: PathText;
  readonly remote: boolean;
  readonly inodesTrusted: boolean;
  readonly looks: RootLooks;
}

/** Watches one root, by looking at it when asked. */
export class RootWatch implements Watch {
  readonly #watched: Watched;
  readonly #first: RootIdentity;
  readonly #tally: TroubleTally;
  readonly #losing = new AbortController();
  #lost: string | null = null;

  private constructor(watched: Watched, first: RootIdentity) {
    this.#watched = watched;
    this.#first = first;
    this.#tally = new TroubleTally(watched.remote);
  }

  /** @returns a code of the system if the root cannot be opened. @throws ThreadSilent */
  static async begin(watched: Watched): Promise<RootWatch | string> {
    const first = await watched.looks.identity(watched.root, true);
    return typeof first === "string" ? first : new RootWatch(watched, first);
  }

  get signal(): AbortSignal {
    return this.#losing.signal;
  }

  get lost(): string | null {
    return this.#lost;
  }

  lose(because: string): void {
    this.#lost ??= because;
    this.#losing.abort();
  }

  async isThere(): Promise<boolean> {
    if (this.#lost !== null) return false;
    const { root, looks, inodesTrusted } = this.#watched;
    try {
      const now = await looks.identity(root, false);
      if (typeof now === "string") this.lose(describeTrouble(now));
      else if (!isSameRoot(this.#first, now, inodesTrusted))
        this.lose("something else is mounted there now, or nothing");
    } catch (error) {
      if (!(error instanceof ThreadSilent)) throw error;
      this.lose(error.message);
    }
    return this.#lost === null;
  }

  count(files: number): void {
    this.#tally.count(files);
  }

  async hear<Failure extends { readonly code: string }>(failures: readonly Failure[]): Promise<readonly Failure[]> {
    // The time of day may be set back in the middle.
    const nowMs = performance.now();
    const judged = failures.map((failure) => ({ failure, suspicion: this.#tally.add(failure.code, nowMs) }));
    const failed = judged.find(({ suspicion }) => suspicion === "failed");
    if (failed !== undefined) this.lose(describeTrouble(failed.failure.code));
    else if (judged.some(({ suspicion }) => suspicion === "look")) await this.isThere();
    if (this.#lost === null) return failures;
    return judged.flatMap(({ failure, suspicion }) =>
      suspicion === "none" && failure.code !== "EIO" ? [failure] : [],
    );
  }
}

/**
 * Loses a root whose thread hangs; its watch tells.
 *
 * @throws AppError ARCHIVE_LOST for one that nobody watches: an archive that was looked up alone; any other error as it is
 */
export function loseIfSilent(
  { root, watch }: { readonly root: PathText; readonly watch: Watch },
  error: unknown,
): void {
  if (!(error instanceof ThreadSilent)) throw error;
  watch.lose(error.message);
  if (watch.lost === null) throw archiveExchanged(root);
}
