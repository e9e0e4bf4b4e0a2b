import { lstat } from "node:fs/promises";
import { systemCode } from "../model/errors.ts";
import type { Hash, SourceName } from "../model/file.ts";
import type { ArchivedFile } from "../model/operation.ts";
import { joinPath, type PathText, systemPath } from "../model/path.ts";
import type { EpochNs } from "../model/time.ts";
import { ThreadPool } from "../threads/pool.ts";
import type { Archive } from "./archive.ts";
import type { CopyResult } from "./copy.ts";
import type { CopyRequest } from "./copy-batch.ts";
import type { StepJournal } from "./journal.ts";
import { stopError } from "./placer.ts";
import { newTemporaryName, temporaryPath } from "./private-folder.ts";
import type { RepairAnswer, RepairRequest } from "./repair-batch.ts";
import { type Decision, decideRepair } from "./repair-decide.ts";
import { intendedRepair, interrupted, repairedResult } from "./repair-journal.ts";
import type { NameStep } from "./repair-names.ts";
import { newStopFlag, raise } from "./stop-flag.ts";
import type { Failure } from "./trouble.ts";

/** A file of the archive that does not hold what is recorded for it. */
export interface BrokenFile {
  readonly path: PathText;
  readonly size: number;
  readonly hash: Hash;
  readonly modified: EpochNs;
}

/** Where its content may be had. */
export interface Copies {
  /** Other names in the archive whose content is recorded to be the same. */
  readonly names: readonly PathText[];
  readonly sources: readonly { readonly source: SourceName; readonly root: PathText; readonly path: PathText }[];
}

/** Where a content was taken from; without a source it is the archive itself. */
export interface Origin {
  readonly source?: SourceName;
  readonly path: PathText;
}

export type Repair =
  /** It holds its content. */
  | { readonly kind: "intact" }
  | {
      readonly kind: "repaired";
      readonly names: readonly ArchivedFile[];
      readonly from: Origin;
      /** Where what stood there is kept, below the archive's root. */
      readonly kept: PathText | null;
    }
  /** Names that were changed before it failed hold the content. `tried`: copies that did not. */
  | (Failure & { readonly names: readonly ArchivedFile[]; readonly tried: readonly Origin[] })
  | { readonly kind: "aborted" };

/** What the names get: a link of a file that the archive has, or a copy. */
export type Good =
  | { readonly kind: "link"; readonly path: PathText }
  | { readonly kind: "copy"; readonly from: Origin; readonly source: PathText; readonly temporary: string };

/**
 * Gives names of an archive their content again, one content after the other. Nothing is lost by it: what stood there
 * is kept below `.onefold/damaged`.
 */
export class Repairer implements AsyncDisposable {
  readonly #archive: Archive;
  readonly #run: string;
  readonly #begin: () => Promise<StepJournal>;
  readonly #signal: AbortSignal;
  readonly #copying = new ThreadPool<CopyRequest, CopyResult[]>(new URL("./copy.worker.js", import.meta.url), 1);
  readonly #thread = new ThreadPool<RepairRequest, RepairAnswer>(new URL("./repair.worker.js", import.meta.url), 1);
  readonly #stop = newStopFlag();
  readonly #onAbort = () => raise(this.#stop);
  #batches = 0;

  /** @param begin Called before the first change, and for each one: a run that has nothing to do needs no journal. */
  constructor(
    archive: Archive,
    { run, begin, signal }: { run: string; begin: () => Promise<StepJournal>; signal: AbortSignal },
  ) {
    this.#archive = archive;
    this.#run = run;
    this.#begin = begin;
    this.#signal = signal;
    signal.addEventListener("abort", this.#onAbort);
  }

  /**
   * Looks again, and repairs what is still broken. What it tells is on the disk for good and in the journal.
   *
   * @throws AppError ARCHIVE_FULL, ARCHIVE_LOST
   */
  async repair(file: BrokenFile, { names, sources }: Copies): Promise<Repair> {
    const others = names.filter((path) => path !== file.path);
    const decision = await this.#decide(file, others);
    if (decision.kind !== "repair")
      return decision.kind === "failed" ? { ...decision, names: [], tried: [] } : decision;
    const tried: Origin[] = [];
    let last: Failure | null = null;
    for (const good of this.#goodFiles(decision, sources)) {
      if (this.#signal.aborted) return { kind: "aborted" };
      const { names: changed, failure } = await this.#attempt(file, decision.names, good);
      const from = good.kind === "link" ? { path: good.path } : good.from;
      if (failure === null)
        return { kind: "repaired", names: changed, from, kept: decision.names.at(-1)?.kept ?? null };
      if (failure.kind === "stop") throw stopError(this.#archive.root, failure);
      last = failure;
      // What was changed cannot be tried again as it was looked at.
      if (changed.length > 0) return { ...failure, names: changed, tried };
      tried.push(from);
    }
    if (this.#signal.aborted) return { kind: "aborted" };
    const none: Failure = { kind: "failed", code: "NO_GOOD_COPY", message: "no good copy was found" };
    return { ...none, ...(tried.length === 0 ? {} : { message: last?.message ?? "" }), names: [], tried };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#signal.removeEventListener("abort", this.#onAbort);
    await this.#copying[Symbol.asyncDispose]();
    await this.#thread[Symbol.asyncDispose]();
  }

  async #decide(file: BrokenFile, others: readonly PathText[]): Promise<Decision | { readonly kind: "aborted" }> {
    const names = [file.path, ...others];
    const { looks } = await this.#ask({ do: "look", names, content: file });
    const [main, ...rest] = names.flatMap((path, n) => {
      const look = looks[n];
      return look === undefined ? [] : [{ path, look }];
    });
    return main === undefined ? { kind: "aborted" } : decideRepair(main, rest, { ...file, run: this.#run });
  }

  /** The archive's own files first: they need no share, and a link needs no room. */
  *#goodFiles(
    { linkable, copyable }: Extract<Decision, { kind: "repair" }>,
    sources: Copies["sources"],
  ): Generator<Good, void, undefined> {
    if (linkable !== null) yield { kind: "link", path: linkable };
    for (const path of copyable) {
      const source = joinPath(this.#archive.root, path);
      yield { kind: "copy", from: { path }, source, temporary: newTemporaryName() };
    }
    for (const { source, root, path } of sources) {
      yield { kind: "copy", from: { source, path }, source: joinPath(root, path), temporary: newTemporaryName() };
    }
  }

  async #attempt(
    file: BrokenFile,
    names: readonly NameStep[],
    good: Good,
  ): Promise<Pick<RepairAnswer, "names" | "failure">> {
    const journal = await this.#begin();
    const batch = this.#batches++;
    await journal.write({ do: "intend", batch, operations: [intendedRepair(file, names, good)] });
    const failure = good.kind === "copy" ? await this.#copy(file, good) : null;
    const answer = failure === null ? await this.#place(file, names, good) : { names: [], folders: [], failure };
    await journal.write({ do: "done", batch, folders: answer.folders, results: [repairedResult(file, answer)] });
    return answer;
  }

  /** Brings the content into `.onefold/tmp`. The hash alone decides, not what the last scan knew of size and time. */
  async #copy(
    { hash, size }: BrokenFile,
    { source, temporary }: Extract<Good, { kind: "copy" }>,
  ): Promise<RepairAnswer["failure"]> {
    const stats = await lstat(systemPath(source), { bigint: true }).catch((error: unknown) => {
      const code = systemCode(error);
      if (code === null) throw error;
      return code;
    });
    if (typeof stats === "string") return { kind: "failed", code: stats, message: "cannot be looked at" };
    if (Number(stats.size) !== size) return { kind: "failed", code: "CHANGED_SINCE_SCAN", message: "has another size" };
    const task = {
      source,
      size,
      modified: stats.mtimeNs as EpochNs,
      hash,
      temporary: temporaryPath(this.#archive.root, temporary),
    };
    const { fileMode } = this.#archive;
    const [result] = await this.#copying.run({ root: this.#archive.root, tasks: [task], fileMode, stop: this.#stop });
    if (result === undefined || result.kind === "copied") return null;
    if (result.kind !== "aborted") return { kind: result.kind, code: result.code, message: result.message };
    return { kind: "failed", code: interrupted, message: "the run was stopped" };
  }

  #place(file: BrokenFile, names: readonly NameStep[], good: Good): Promise<RepairAnswer> {
    const owner = names.at(-1)?.before ?? null;
    const from = good.kind === "link" ? { path: good.path } : { temporary: good.temporary };
    return this.#ask({ do: "repair", step: { good: from, modified: file.modified, owner, names } });
  }

  async #ask(request: DistributiveOmit<RepairRequest, "root" | "stop">): Promise<RepairAnswer> {
    const answer = await this.#thread.run({ ...request, root: this.#archive.root, stop: this.#stop });
    if (answer.failure?.kind === "stop") throw stopError(this.#archive.root, answer.failure);
    return answer;
  }
}

type DistributiveOmit<Type, Key extends PropertyKey> = Type extends unknown ? Omit<Type, Key> : never;
