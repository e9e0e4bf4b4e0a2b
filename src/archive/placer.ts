import type { Hash } from "../model/file.ts";
import type { ArchivedFile, LinkOperation } from "../model/operation.ts";
import type { PathText } from "../model/path.ts";
import { ThreadPool } from "../threads/pool.ts";
import { type Candidate, type CopyCandidate, firstOfEachContent, outcomeOf, placeStep } from "./candidate.ts";
import { archiveFull, archiveLost } from "./errors.ts";
import type { StepJournal } from "./journal.ts";
import { intendedCopy, intendedLink } from "./journal-steps.ts";
import type { Advice, HeldEntry, Outcome, Step } from "./outcome.ts";
import type { PlaceAnswer, PlaceRequest, PlaceStep } from "./place-batch.ts";
import { failed } from "./problems.ts";
import type { Stop } from "./trouble.ts";
import { Turns } from "./turns.ts";

/** What became of a batch, on the disk for good. */
export interface PlacedBatch {
  readonly outcomes: Map<Step, Outcome>;
  /** Folders made, parents first. */
  readonly folders: PathText[];
  /** The archive became unusable in the middle; what was not placed is `aborted`. */
  readonly stop: Stop | null;
}

/**
 * Gives contents their names in the archive, one batch at a time whatever the number of sources: so two files with the
 * same content never both get an entry, even if nobody knew before that they are equal.
 */
export class Placer implements AsyncDisposable {
  readonly #root: PathText;
  readonly #journal: StepJournal;
  readonly #advice: Advice;
  readonly #thread = new ThreadPool<PlaceRequest, PlaceAnswer>(new URL("./place.worker.js", import.meta.url), 1);
  readonly #turns = new Turns();
  /** Contents that this run has placed and the caller may not have recorded yet. */
  readonly #recent = new Map<Hash, ArchivedFile>();

  constructor(root: PathText, { journal, advice }: { journal: StepJournal; advice: Advice }) {
    this.#root = root;
    this.#journal = journal;
    this.#advice = advice;
  }

  /** Publishes copies, whose intentions are in the journal. */
  placeCopies(batch: number, copies: readonly CopyCandidate[]): Promise<PlacedBatch> {
    return this.#turns.take(async () => {
      const held = await this.#heldEntries(copies);
      const known = copies.map((copy) => ({ ...copy, held: held.get(copy.operation)?.file ?? null }));
      return this.#place(batch, known, emptyBatch());
    });
  }

  /** Makes links; writes their intentions to the journal first. */
  placeLinks(batch: number, operations: readonly LinkOperation[]): Promise<PlacedBatch> {
    return this.#turns.take(async () => {
      const held = await this.#heldEntries(operations.map((operation) => ({ operation, hash: operation.hash })));
      const done = emptyBatch();
      const candidates = operations.flatMap((operation): Candidate[] => {
        const entry = held.get(operation);
        if (entry === undefined) done.outcomes.set(operation, entryMissing(operation));
        return entry === undefined ? [] : [linkCandidate(operation, entry)];
      });
      await this.#intend(batch, candidates);
      return this.#place(batch, candidates, done);
    });
  }

  /** Removes temporary files that will not be published. */
  async discard(temporaries: readonly string[]): Promise<void> {
    if (temporaries.length === 0) return;
    await this.#run(temporaries.map((temporary) => ({ do: "discard", temporary })));
  }

  /** The caller has recorded these entries, and will name them when asked. */
  forget(outcomes: Iterable<Outcome>): void {
    for (const outcome of outcomes) {
      // Only the batch that brought a content in: another's `alreadyThere` may be recorded before its entry is.
      const isRemembered = "archived" in outcome && this.#recent.get(outcome.hash) === outcome.archived;
      if (isRemembered) this.#recent.delete(outcome.hash);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#thread[Symbol.asyncDispose]();
  }

  /** What we know is looked up before the caller is asked: it may record, and we forget, while it answers. */
  async #heldEntries(wanted: readonly { operation: Step; hash: Hash | null }[]): Promise<ReadonlyMap<Step, HeldEntry>> {
    const held = new Map<Step, HeldEntry>();
    for (const { operation, hash } of wanted) {
      const file = hash === null ? undefined : this.#recent.get(hash);
      if (hash !== null && file !== undefined) held.set(operation, { hash, file });
    }
    const unknown = wanted.filter(({ operation }) => !held.has(operation));
    if (unknown.length === 0) return held;
    const asked = unknown.map(({ operation, hash }) => ({ operation, hash }));
    return new Map([...held, ...(await this.#advice.entriesOf(asked))]);
  }

  /** In rounds: a name that is taken, and the second file of a content, must wait for the next. */
  async #place(batch: number, candidates: readonly Candidate[], done: PlacedBatch): Promise<PlacedBatch> {
    const unwanted: string[] = [];
    let stop: Stop | null = null;
    let waiting = candidates;
    while (waiting.length > 0 && stop === null) {
      const { now, later } = firstOfEachContent(waiting);
      const answer = await this.#run(now.map(placeStep));
      done.folders.push(...answer.folders);
      const renamed: Candidate[] = [];
      for (const [n, candidate] of now.entries()) {
        const result = answer.results[n] ?? { kind: "discarded" };
        if (result.kind === "stop") stop = result;
        const other = result.kind === "taken" ? this.#underOtherName(candidate) : null;
        if (other !== null) renamed.push(other);
        else done.outcomes.set(candidate.operation, this.#remember(candidate, outcomeOf(candidate, result)));
        if (result.kind === "taken" && other === null && candidate.read !== null) unwanted.push(candidate.temporary);
      }
      await this.#intend(batch, renamed);
      waiting = [...renamed, ...later.map((candidate) => this.#withRecent(candidate))];
    }
    for (const candidate of waiting) {
      done.outcomes.set(candidate.operation, outcomeOf(candidate, { kind: "discarded" }));
      if (candidate.read !== null) unwanted.push(candidate.temporary);
    }
    await this.discard(unwanted);
    return { ...done, stop };
  }

  async #run(steps: readonly PlaceStep[]): Promise<PlaceAnswer> {
    const answer = await this.#thread.run({ root: this.#root, steps });
    if (answer.unflushed !== null) throw stopError(this.#root, answer.unflushed);
    return answer;
  }

  #remember(candidate: Candidate, outcome: Outcome): Outcome {
    const isNew = outcome.kind === "alreadyThere" && candidate.read !== null && !this.#recent.has(candidate.hash);
    if (outcome.kind === "copied" || isNew) this.#recent.set(candidate.hash, outcome.archived);
    return outcome;
  }

  #withRecent(candidate: Candidate): Candidate {
    if (candidate.read === null) return candidate;
    return { ...candidate, held: this.#recent.get(candidate.hash) ?? candidate.held };
  }

  #underOtherName(candidate: Candidate): Candidate | null {
    if (candidate.renamed) return null;
    const to = this.#advice.otherName(candidate.operation, candidate.hash);
    return to === null || to === candidate.to ? null : { ...candidate, to, renamed: true };
  }

  async #intend(batch: number, candidates: readonly Candidate[]): Promise<void> {
    if (candidates.length === 0) return;
    const operations = candidates.map((candidate) =>
      candidate.read === null
        ? intendedLink(candidate.operation, { ...candidate, existing: candidate.held.path })
        : intendedCopy(candidate.operation, candidate),
    );
    await this.#journal.write({ do: "intend", batch, operations });
  }
}

/** The error that ends a run whose archive became unusable. */
export function stopError(root: PathText, { code, message }: Stop) {
  return ["ENOSPC", "EDQUOT"].includes(code) ? archiveFull(root, code) : archiveLost(root, `${code}: ${message}`);
}

function emptyBatch(): PlacedBatch {
  return { outcomes: new Map(), folders: [], stop: null };
}

function linkCandidate(operation: LinkOperation, { hash, file }: HeldEntry): Candidate {
  return { operation, hash, to: operation.to, held: file, read: null, renamed: false };
}

function entryMissing(operation: LinkOperation): Outcome {
  const why = { code: "ENTRY_MISSING", message: "its content has no entry in the archive yet" };
  return failed(operation, why, 0);
}
