import type { Hash, Place } from "../model/file.ts";
import type { ArchivedFile } from "../model/operation.ts";
import type { PathText } from "../model/path.ts";
import type { EpochNs } from "../model/time.ts";
import { ThreadPool } from "../threads/pool.ts";
import type { StepJournal } from "./journal.ts";
import { type BatchPlace, type JournalBatch, journalBatches, readBatch } from "./journal-batches.ts";
import type { JournalBegin } from "./journal-records.ts";
import { stopError } from "./placer.ts";
import { newStopFlag, raise } from "./stop-flag.ts";
import type { RetimeStep, UndoAnswer, UndoRequest, UndoResult, UndoStep } from "./undo-batch.ts";
import { intendedUndo, undoneResult } from "./undo-journal.ts";
import { madeFolders, type PlacedName, placedNames, type RunFacts, relinkedNames } from "./undo-steps.ts";

/** A journal that was read from end to end and found to be whole. */
export interface WholeJournal {
  readonly path: PathText;
  readonly begin: JournalBegin | null;
  /** Places of its batches, in the order in which they were done. */
  readonly batches: readonly BatchPlace[];
}

/**
 * Reads a journal once; remembers some hundred bytes for each 256 files.
 *
 * @param each Gets every batch as it comes.
 * @throws AppError JOURNAL_DAMAGED; NodeJS.ErrnoException ENOENT, …
 */
export async function readWholeJournal(
  path: PathText,
  each: (batch: JournalBatch, begin: JournalBegin | null) => Promise<void>,
): Promise<WholeJournal> {
  const batches: BatchPlace[] = [];
  let begin: JournalBegin | null = null;
  for await (const part of journalBatches(path)) {
    if (part.do === "begin") begin = part;
    if (part.do !== "batch") continue;
    batches.push(part.place);
    await each(part, begin);
  }
  return { path, begin, batches };
}

/** What was taken back of one batch: on the disk for good, and in the journal. */
export interface UndoneBatch {
  /** After a dry run: what would be. */
  readonly removed: readonly { readonly kind: "copy" | "link"; readonly path: PathText; readonly freed: number }[];
  readonly separated: readonly { readonly path: PathText; readonly archived: ArchivedFile | null }[];
  readonly retimed: UndoAnswer["retimed"];
  readonly kept: readonly { readonly path: PathText; readonly code: string; readonly message: string }[];
}

/** What taking back asks while it works. */
export interface UndoAdvice {
  /** Absolute paths where files of the sources lie, or lay, that hold the content of each of these names. */
  copiesOf(names: readonly { readonly hash: Hash | null; readonly from: Place }[]): Promise<PathText[][]>;
}

interface UndoOptions {
  readonly inodesTrusted: boolean;
  /** null: only look. Else called before the first change: an undo that has nothing to do needs no journal. */
  readonly begin: (() => Promise<StepJournal>) | null;
  readonly signal: AbortSignal;
}

/** Takes a run back batch by batch, the last one first. Nothing of it counts as done before it is yielded. */
export class Undoer implements AsyncDisposable {
  readonly #root: PathText;
  readonly #options: UndoOptions;
  readonly #thread = new ThreadPool<UndoRequest, UndoAnswer>(new URL("./undo.worker.js", import.meta.url), 1);
  readonly #stop = newStopFlag();
  readonly #onAbort = () => raise(this.#stop);
  #batches = 0;

  /** @param root Of the archive. Aborting the signal puts down a file that is being read; what is done is finished. */
  constructor(root: PathText, options: UndoOptions) {
    this.#root = root;
    this.#options = options;
    options.signal.addEventListener("abort", this.#onAbort);
  }

  /**
   * Removes the names that a run gave to files, then the folders that it made.
   *
   * @throws AppError ARCHIVE_LOST after what was done is yielded
   */
  async *takeBack(run: WholeJournal, advice: UndoAdvice): AsyncGenerator<UndoneBatch, void, undefined> {
    const facts = this.#factsOf(run);
    for await (const batch of this.#backwards(run)) {
      const names = placedNames(batch, facts);
      const looked = await this.#look(names.map((name) => removal(name, [])));
      const standing = looked.standing.flatMap(({ n }) => names[n] ?? []);
      const copies = this.#options.begin === null ? [] : await advice.copiesOf(standing);
      const steps = standing.map((name, n) => removal(name, copies[n] ?? []));
      yield* this.#carryOut({ ...looked, steps }, []);
    }
    // As long as nothing was removed, no folder is empty.
    if (this.#options.begin === null) return;
    for await (const batch of this.#backwards(run)) {
      const folders = madeFolders(batch, facts);
      const looked = await this.#look(folders.map((folder): UndoStep => ({ do: "removeFolder", ...folder })));
      yield* this.#carryOut({ ...looked, kept: [] }, []);
    }
  }

  /** Gives each name that a run made a link a file of its own again. @throws as {@link takeBack}, ARCHIVE_FULL */
  async *separate(run: WholeJournal): AsyncGenerator<UndoneBatch, void, undefined> {
    for await (const batch of this.#backwards(run)) {
      const { steps, retimes } = relinkedNames(batch);
      const looked = await this.#look(
        steps.map((step): UndoStep => ({ do: "separate", ...step })),
        retimes,
      );
      yield* this.#carryOut(looked, looked.isRetiming ? retimes : []);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#options.signal.removeEventListener("abort", this.#onAbort);
    await this.#thread[Symbol.asyncDispose]();
  }

  #factsOf({ begin }: WholeJournal): RunFacts {
    const since = (begin === null ? 0n : BigInt(Date.parse(begin.at)) * 1_000_000n) as EpochNs;
    return { since, inodesTrusted: this.#options.inodesTrusted };
  }

  async *#backwards({ path, batches }: WholeJournal) {
    for (let n = batches.length - 1; n >= 0 && !this.#options.signal.aborted; n -= 1) {
      yield await readBatch(path, batches[n] ?? []);
    }
  }

  /** Which steps there is something to do for, and which files are left alone. */
  async #look(asked: readonly UndoStep[], retimes: readonly RetimeStep[] = []): Promise<Looked> {
    const how = this.#options.begin === null ? "pretend" : "look";
    const { results, retimed } = await this.#run({ how, steps: asked, retimes });
    const pairs = asked.flatMap((step, n) => {
      const result = results[n];
      return result === undefined ? [] : [{ n, step, result }];
    });
    const standing = pairs.flatMap(({ n, step, result }) => (isStanding(result) ? [{ n, step, result }] : []));
    return {
      standing,
      steps: standing.map(({ step }) => step),
      kept: pairs.flatMap(({ step, result }) => keptBy(step, result)),
      isRetiming: retimed.length > 0,
    };
  }

  async *#carryOut(
    { steps, standing, kept }: Looked,
    retimes: readonly RetimeStep[],
  ): AsyncGenerator<UndoneBatch, void, undefined> {
    const { begin, signal } = this.#options;
    if (begin === null) {
      yield batchOf(
        steps,
        standing.map(({ result }) => result),
        { kept, retimed: [] },
      );
      return;
    }
    if ((steps.length === 0 && retimes.length === 0) || signal.aborted) {
      if (kept.length > 0) yield batchOf([], [], { kept, retimed: [] });
      return;
    }
    const journal = await begin();
    const batch = this.#batches++;
    const operations = steps.map((step, n) => intendedUndo(step, standing[n]?.result.inode ?? 0n));
    await journal.write({ do: "intend", batch, operations });
    const { results, retimed, untimed } = await this.#run({ how: "act", steps, retimes });
    const undone = steps.flatMap((step, n) => {
      const result = results[n];
      return result === undefined ? [] : [undoneResult(step, result)];
    });
    await journal.write({ do: "done", batch, folders: [], results: undone });
    const left = untimed.map(({ path, failure: { code, message } }) => ({ path, code, message }));
    yield batchOf(steps, results, { kept: [...kept, ...left], retimed });
    for (const result of results) if (result.kind === "stop") throw stopError(this.#root, result);
  }

  async #run(request: Pick<UndoRequest, "how" | "steps" | "retimes">): Promise<UndoAnswer> {
    const answer = await this.#thread.run({ root: this.#root, ...request, stop: this.#stop });
    if (answer.unflushed !== null) throw stopError(this.#root, answer.unflushed);
    return answer;
  }
}

type Standing = Extract<UndoResult, { kind: "removed" | "standing" }>;

interface Looked {
  readonly standing: readonly { readonly n: number; readonly result: Standing }[];
  /** Of each that stands. */
  readonly steps: readonly UndoStep[];
  readonly kept: UndoneBatch["kept"];
  /** Some kept file may get its own time back. */
  readonly isRetiming: boolean;
}

function removal(name: PlacedName, copies: readonly PathText[]): UndoStep {
  return { do: "remove", ...name, copies };
}

function isStanding(result: UndoResult): result is Standing {
  return result.kind === "standing";
}

function keptBy({ path }: UndoStep, result: UndoResult): UndoneBatch["kept"] {
  if (result.kind !== "kept" && result.kind !== "failed") return [];
  return [{ path, code: result.code, message: result.message }];
}

function batchOf(
  steps: readonly UndoStep[],
  results: readonly UndoResult[],
  { kept, retimed }: Pick<UndoneBatch, "kept" | "retimed">,
): UndoneBatch {
  const pairs = steps.flatMap((step, n) => {
    const result = results[n];
    return result === undefined ? [] : [{ step, result }];
  });
  return {
    removed: pairs.flatMap(({ step, result }) => {
      const isRemoved = result.kind === "removed" || result.kind === "standing";
      return step.do === "remove" && isRemoved ? [{ kind: step.kind, path: step.path, freed: result.freed }] : [];
    }),
    separated: pairs.flatMap(({ step, result }): UndoneBatch["separated"] => {
      if (step.do !== "separate") return [];
      if (result.kind === "separated") return [{ path: step.path, archived: result.archived }];
      return result.kind === "standing" ? [{ path: step.path, archived: null }] : [];
    }),
    retimed,
    kept: [...kept, ...pairs.flatMap(({ step, result }) => keptBy(step, result))],
  };
}
