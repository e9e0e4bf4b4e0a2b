import type { PathText } from "../model/path.ts";
import { ThreadPool } from "../threads/pool.ts";

/** What to look at below one root, and how. */
export interface WalkRules {
  /** Absolute path of the root. */
  readonly root: PathText;
  /** Patterns of paths that are left out altogether. */
  readonly exclude: readonly string[];
  /**
   * Which files keep their device and inode number: hard-linked ones (a source); all of them, without the
   * device, which changes from boot to boot (the archive, one file system by definition); or none,
   * where the file system's numbers cannot be trusted (SMB, NFS, FUSE). "exact" is for a walk that compares with
   * what is on the disk in this moment: all of them, with the device.
   */
  readonly inodes: "linked" | "all" | "none" | "exact";
  /** Whether what systems leave behind (Thumbs.db, .DS_Store, …) is marked as junk or taken like any other file. */
  readonly junk: "marked" | "ordinary";
  /** Whether it is told what is passed over; else that is only counted, or not even seen. */
  readonly passedOver?: "told";
  /** Where to begin, if not at the root: a folder, and of that perhaps one name only. All paths stay below the root. */
  readonly start?: { readonly folder: PathText; readonly only: PathText | null };
  /** Look into these folders and not below them, instead of through a tree. */
  readonly folders?: readonly PathText[];
  /**
   * What may be read as soon as it is seen, which is told for empty files then. Small files are read once
   * {@link manySmall} of them were seen: then nearly every small size stands more than once anyhow, and to come back
   * later costs more than to read them now.
   */
  readonly reading?: "empty files" | "small files";
  /** Where the numbers of folders begin; 0 if nothing is said. */
  readonly firstNumber?: number;
}

/** One folder of a walk. */
export interface WalkedFolder {
  /** Stands in one batch only; the rows refer to it. */
  readonly number: number;
  readonly path: PathText;
  /**
   * Of the rows, without what is told by reading: while it stays the same, so do the files. In hex; null where the
   * folder was not seen whole. Rows come in the order of their names' bytes.
   */
  readonly digest: string | null;
  readonly files: number;
  /** Sum of sizes. */
  readonly bytes: number;
  /** Where its rows end in the batch's; they begin where those of the folder before end. */
  readonly end: number;
}

/** A part of the tree, as soon as it was seen. */
export interface WalkBatch {
  /** Those with files, in the order of their rows. */
  readonly folders: readonly WalkedFolder[];
  /**
   * A row a file, as `CopyRows` writes it: folder number, name, size, mtime (ns), device and inode (none if not kept),
   * junk, ctime (ns), racy, and hash (none if it was not read).
   * Ready to be sent as they are: no object per file is ever made.
   */
  readonly rows: Uint8Array;
  readonly files: number;
  /** Files that were read, and what was read from them. */
  readonly read: { readonly files: number; readonly bytes: number };
  /** Files that are small enough to be read at once. */
  readonly small: number;
  /** Symbolic links, sockets, pipes and devices: seen, never followed. */
  readonly others: number;
  /** Files and folders that could not be looked at. */
  readonly unreadable: readonly Unreadable[];
  /** What was passed over, if the rules ask for it. A folder stands for all that is below it. */
  readonly passedOver: readonly PassedOver[];
}

export interface PassedOver {
  readonly path: PathText;
  /** "private": the folder of an archive that is onefold's own. */
  readonly kind: "excluded" | "link" | "other" | "private";
}

export interface Unreadable {
  readonly path: PathText;
  /** The system's error code. */
  readonly code: string;
}

export interface WalkOptions {
  readonly threads: number;
  readonly signal: AbortSignal;
  /** See ThreadPool. */
  readonly patienceSeconds: number;
}

export interface WalkRequest extends WalkRules {
  readonly firstNumber: number;
  readonly folders: readonly PathText[];
  readonly below: boolean;
  /** Look at this name of the folders only. */
  readonly only: PathText | null;
  readonly readsSmall: boolean;
  /** Files after which the thread answers with what it has. */
  readonly budget: number;
  /** Whether it answers after one folder already, so that other threads get those below it. */
  readonly shares: boolean;
}

export interface WalkResult extends WalkBatch {
  /** Folders that are still to be walked. */
  readonly rest: readonly PathText[];
}

/** More folders with files than any request can meet, so that numbers never repeat within a walk. */
const numbersPerRequest = 2 ** 16;
const smallBudget = 500;
const learningBudget = 128;
const fullBudget = 10_000;

/**
 * Once so many files up to {@link smallUpTo} were seen, there are likely to be many more: then nearly each has the size of
 * another and must be read anyhow, in a tree of 100,000 files of 6 KB on average 96 % of them. Where no more come, some
 * megabytes were read for nothing.
 */
const manySmall = 256;
/** Bytes. */
export const smallUpTo = 32_768;

/**
 * Walks the tree below `root` in `threads` worker threads and yields what they see,
 * in no particular order. Symbolic links are never followed. Memory is bounded by
 * the largest folder and the number of folders on the way down.
 *
 * @param signal Ends the walk early, and at once; the caller must not take it for complete.
 * @throws ThreadSilent if the disk does not answer
 */
export async function* walk(
  rules: WalkRules,
  { threads, signal, patienceSeconds }: WalkOptions,
): AsyncGenerator<WalkBatch, void, undefined> {
  const entry = new URL("./walk.worker.js", import.meta.url);
  await using pool = new ThreadPool<WalkRequest, WalkResult>(entry, threads, { patienceSeconds, sharesThreads: true });
  // A thread that waits for a server would go on for minutes.
  const stop = () => void pool[Symbol.asyncDispose]();
  signal.addEventListener("abort", stop, { once: true });
  const waiting: PathText[] = [...(rules.folders ?? [rules.start?.folder ?? ("" as PathText)])];
  const below = rules.folders === undefined;
  const running = new Map<number, Promise<readonly [number, WalkResult]>>();
  let next = 0;
  let small = 0;
  const start = () => {
    const number = next++;
    // One folder a request until every thread has work, then whole subtrees.
    const folders = waiting.splice(-Math.max(1, Math.floor(waiting.length / threads)));
    const readsSmall = rules.reading === "small files" && small >= manySmall;
    const learns = rules.reading === "small files" && !readsSmall;
    const shares = waiting.length < threads - 1;
    const budget = learns ? learningBudget : waiting.length < threads ? smallBudget : fullBudget;
    const only = number === 0 ? (rules.start?.only ?? null) : null;
    const request = {
      ...rules,
      folders,
      below,
      only,
      firstNumber: (rules.firstNumber ?? 0) + number * numbersPerRequest,
      budget,
      shares,
      readsSmall,
    };
    running.set(
      number,
      pool.run(request).then((result) => [number, result] as const),
    );
  };
  try {
    while (!signal.aborted && (waiting.length > 0 || running.size > 0)) {
      while (waiting.length > 0 && running.size < threads) start();
      const [number, result] = await Promise.race(running.values());
      running.delete(number);
      waiting.push(...result.rest);
      small += result.small;
      yield result;
    }
  } catch (error) {
    // What an abort breaks off is no failure of its own.
    if (!signal.aborted) throw error;
  } finally {
    signal.removeEventListener("abort", stop);
    // The other threads of a disk that does not answer hang as well.
    await pool[Symbol.asyncDispose]();
    await Promise.allSettled(running.values());
  }
}
