import { AppError, type ExitCode } from "../model/errors.ts";
import type { PathText } from "../model/path.ts";
import type { EpochNs } from "../model/time.ts";
import { ThreadPool } from "../threads/pool.ts";
import { mountOf, mountsBelow, readMounts } from "./mounts.ts";

/** What the opened root says of itself. */
export interface RootSight {
  readonly device: bigint;
  readonly inode: bigint;
  /** As in the first field of mountinfo; null where the system does not tell. */
  readonly mountId: number | null;
}

/** A file as the inventory knows it. */
export interface Sample {
  /** Below the root. */
  readonly path: PathText;
  readonly size: number;
  readonly modified: EpochNs;
}

export type RootRequest =
  | { readonly do: "find"; readonly path: PathText; readonly what: string }
  | { readonly do: "look"; readonly root: PathText; readonly keep: boolean }
  | { readonly do: "sample"; readonly root: PathText; readonly files: readonly Sample[] };

export type RootAnswer =
  | { readonly kind: "found"; readonly root: PathText; readonly names: number }
  | ({ readonly kind: "seen" } & RootSight)
  | { readonly kind: "sampled"; readonly there: number }
  | { readonly kind: "failed"; readonly code: string }
  | {
      readonly kind: "refused";
      readonly code: string;
      readonly exitCode: ExitCode;
      readonly message: string;
      readonly hint: string | undefined;
    };

/** Which folder a root is, for as long as it stays mounted. */
export interface RootIdentity extends RootSight {
  /** What is mounted there, and what inside it, by mount ids and names. */
  readonly mounts: readonly string[];
}

/** Looks at roots in a thread of its own for each question that is open, so that a share that hangs delays nobody else. */
export class RootLooks implements AsyncDisposable {
  readonly #threads: ThreadPool<RootRequest, RootAnswer>;

  /** @param patienceSeconds A root that does not answer for so long is given up, by ThreadSilent. */
  constructor(roots: number, patienceSeconds: number) {
    const entry = new URL("./root.worker.js", import.meta.url);
    this.#threads = new ThreadPool(entry, Math.max(1, roots), { patienceSeconds });
  }

  /**
   * Resolves a root; see `resolveRoot`.
   *
   * @throws AppError as resolveRoot does; ThreadSilent
   */
  async find(path: PathText, what: string): Promise<PathText> {
    const found = await this.#threads.run({ do: "find", path, what });
    if (found.kind === "found") return found.root;
    throw refusal(found);
  }

  /**
   * Which folder the root is now.
   *
   * @param keep Holds it open until this is disposed of: for the first look of a run.
   * @returns a code of the system if it cannot be opened
   * @throws ThreadSilent
   */
  async identity(root: PathText, keep: boolean): Promise<RootIdentity | string> {
    const seen = await this.#threads.run({ do: "look", root, keep });
    if (seen.kind === "failed") return seen.code;
    if (seen.kind !== "seen") throw refusal(seen);
    const { device, inode, mountId } = seen;
    return { device, inode, mountId, mounts: mountsAt(root) };
  }

  /** How many of the files are there, with their size and time. @throws ThreadSilent */
  async countThere(root: PathText, files: readonly Sample[]): Promise<number> {
    const sampled = await this.#threads.run({ do: "sample", root, files });
    return sampled.kind === "sampled" ? sampled.there : 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#threads[Symbol.asyncDispose]();
  }
}

/** @param inodesTrusted Whether the file system gives one number to one folder for as long as it is mounted. */
export function isSameRoot(before: RootIdentity, now: RootIdentity, inodesTrusted: boolean): boolean {
  const isSameFolder = before.device === now.device && (!inodesTrusted || before.inode === now.inode);
  const isSameMount = before.mountId === now.mountId && before.mounts.join("\n") === now.mounts.join("\n");
  return isSameFolder && isSameMount;
}

function mountsAt(root: PathText): string[] {
  const all = readMounts();
  const here = mountOf(root, all);
  return [...(here === null ? [] : [here]), ...mountsBelow(root, all)].map(
    ({ id, mountPoint, fsType, source }) => `${id} ${mountPoint} ${fsType} ${source}`,
  );
}

function refusal(answer: RootAnswer): Error {
  if (answer.kind !== "refused") return new Error(`a root was looked at, and the answer is ${answer.kind}`);
  const { code, exitCode, message, hint } = answer;
  return new AppError(code, exitCode, message, hint === undefined ? {} : { hint });
}
