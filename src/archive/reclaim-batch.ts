import type { ReclaimableFile } from "../inventory/reclaimable.ts";
import { systemCode } from "../model/errors.ts";
import type { Hash } from "../model/file.ts";
import type { PathText } from "../model/path.ts";
import type { JournalStanding } from "./journal-records.ts";
import { PinnedFolders } from "./pinned-folder.ts";
import { NonceCheck, noAliasCheck, type PlacesOf } from "./reclaim-alias.ts";
import { type Reclaimed, reclaimFile } from "./reclaim-file.ts";
import { type Looked, lookAt } from "./reclaim-look.ts";
import { EntryTrouble, prove, ReadEntries, type ReclaimProof } from "./reclaim-proof.ts";
import type { ReclaimHow } from "./reclaim-records.ts";
import { lstat } from "./relink-replace.ts";
import { journalStanding, standingOf } from "./standing.ts";
import { isRaised, type StopFlag } from "./stop-flag.ts";
import { Aborted, asStop, type Failure, failureOf, flushed, type Stop, Trouble } from "./trouble.ts";

/** What stays the same for a whole run. */
export interface ReclaimPlaces {
  readonly how: ReclaimHow;
  readonly source: Tree;
  readonly archive: Tree;
  /** Whether inode numbers mean anything in the source. */
  readonly trusted: boolean;
}

interface Tree {
  readonly root: PathText;
  /** What messages call it. */
  readonly called: string;
  /** What its root is on: another number means that something else is mounted there now. */
  readonly device: bigint;
}

export type ReclaimRequest = {
  readonly places: ReclaimPlaces;
  readonly stop: StopFlag;
} & (
  | { readonly do: "look"; readonly tasks: readonly ReclaimableFile[] }
  /** @param known Where the archive has the contents; null: inode numbers tell files apart. */
  | { readonly do: "prove"; readonly tasks: readonly ReclaimableFile[]; readonly known: PlacesOf | null }
  /** Of files that were proven by the request before. */
  | { readonly do: "reclaim"; readonly steps: readonly ReclaimStep[] }
);

export interface ReclaimStep {
  readonly id: number;
  /** Path below the root of the source. */
  readonly aside: PathText;
}

/** A failure, and whether it is that of the archive's entry. `actual`: what the entry was read as. */
export interface ReclaimFailure extends Failure {
  readonly entry?: { readonly actual: Hash | null };
}

export interface ReclaimStop extends Stop {
  readonly of: "source" | "archive";
}

export type ReclaimResult =
  | Looked
  | { readonly kind: "proven"; readonly before: JournalStanding; readonly ctimeNs: string }
  /** It is a hard link of the entry, as wanted. */
  | { readonly kind: "alreadyLinked" }
  /** Not tried: what was read first would be too old by then. */
  | { readonly kind: "deferred" }
  | Reclaimed
  | { readonly kind: "aborted" }
  | ReclaimFailure
  | ReclaimStop;

export interface ReclaimAnswer {
  /** One for each task or step, in order; `stop` for all from the first that found a tree gone. */
  readonly results: readonly ReclaimResult[];
  /** The names are not known to be on the disk: nothing of this may count as done. */
  readonly unflushed: ReclaimStop | null;
}

/** Milliseconds after the first reading of a batch; later ones are left for the next. */
const readingTime = 20_000;

/**
 * Proves and reclaims files of a source; a thread has one, and it may block.
 *
 * Proofs stay here: they never pass between threads, and are good for one act of the batch that follows them.
 */
export class ReclaimWork {
  readonly #now: () => number;
  #proofs = new Map<number, ReclaimProof>();

  /** @param now Milliseconds of a clock that is never set. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** When it answers without `unflushed`, all changes are on the disk for good. */
  answer(request: ReclaimRequest): ReclaimAnswer {
    const { places } = request;
    using source = new PinnedFolders(places.source.root, places.source.called);
    using archive = new PinnedFolders(places.archive.root, places.archive.called);
    const trees = { source, archive };
    switch (request.do) {
      case "look":
        return all(request, trees, request.tasks, (task) => lookAt(task, places.how, trees));
      case "prove":
        return this.#prove(request, trees);
      case "reclaim":
        return this.#reclaim(request, trees);
    }
  }

  #prove(request: Extract<ReclaimRequest, { do: "prove" }>, trees: Trees): ReclaimAnswer {
    this.#proofs.clear();
    const { places, known } = request;
    const { how } = places;
    const aliases = known === null ? noAliasCheck : new NonceCheck(trees, known);
    const pause = () => abortIf(request.stop);
    const around = { how, ...trees, aliases, entries: new ReadEntries(), pause, now: this.#now };
    const began = this.#now();
    return all(request, trees, request.tasks, (task, n) => {
      if (n > 0 && this.#now() - began > readingTime) return { kind: "deferred" };
      const proof = prove(task, around);
      if (proof === null) return { kind: "alreadyLinked" };
      this.#proofs.set(task.id, proof);
      return {
        kind: "proven",
        before: journalStanding(standingOf(task.path, proof.file)),
        ctimeNs: String(proof.file.ctimeNs),
      };
    });
  }

  #reclaim(request: Extract<ReclaimRequest, { do: "reclaim" }>, trees: Trees): ReclaimAnswer {
    const { trusted } = request.places;
    const proofs = this.#proofs;
    // Each is good for one act.
    this.#proofs = new Map();
    return all(request, trees, request.steps, ({ id, aside }) => {
      const proof = proofs.get(id);
      proofs.delete(id);
      if (proof === undefined) throw new Error(`file ${id} was not proven`);
      return reclaimFile(proof, aside, { ...trees, trusted, now: this.#now });
    });
  }
}

interface Trees {
  readonly source: PinnedFolders;
  readonly archive: PinnedFolders;
}

/** Nothing more is tried after a `stop`. */
function all<Item>(
  { places, stop }: Pick<ReclaimRequest, "places" | "stop">,
  trees: Trees,
  items: readonly Item[],
  work: (item: Item, n: number) => ReclaimResult,
): ReclaimAnswer {
  let stopped = treeGone(places, trees);
  let unflushed: ReclaimStop | null = null;
  const results = items.map((item, n): ReclaimResult => {
    if (stopped !== null) return stopped;
    const result = settled(
      () => {
        abortIf(stop);
        return work(item, n);
      },
      { places, trees },
    );
    unflushed ??= sourceFlushed(() => {
      trees.source.settle();
      trees.archive.settle();
    });
    stopped = result.kind === "stop" ? result : unflushed;
    return result;
  });
  unflushed ??= sourceFlushed(() => trees.source.flush());
  return { results, unflushed };
}

function settled(
  work: () => ReclaimResult,
  { places, trees }: { readonly places: ReclaimPlaces; readonly trees: Trees },
): ReclaimResult {
  try {
    return work();
  } catch (error) {
    if (error instanceof Aborted) return { kind: "aborted" };
    const ofEntry = error instanceof EntryTrouble;
    const why = failureOf(ofEntry ? error.cause : error);
    const gone = error instanceof Trouble ? null : treeGone(places, trees);
    if (gone !== null) return gone;
    if (why.kind === "stop") return { ...why, of: ofEntry ? "archive" : "source" };
    return ofEntry ? { ...why, entry: { actual: error.actual } } : why;
  }
}

/** Whether both roots still are what they were when the run began. */
function treeGone({ source, archive }: ReclaimPlaces, trees: Trees): ReclaimStop | null {
  return rootGone("archive", archive, trees.archive) ?? rootGone("source", source, trees.source);
}

function rootGone(of: ReclaimStop["of"], { root, device }: Tree, folders: PinnedFolders): ReclaimStop | null {
  try {
    const isThere = lstat(folders.inside("" as PathText, ".")).dev === device && lstat(root).dev === device;
    return isThere ? null : { kind: "stop", of, code: "ENODEV", message: "something else is mounted there now" };
  } catch (error) {
    const code = systemCode(error);
    if (code === null) throw error;
    return { ...asStop(error), of };
  }
}

/** All names that are changed are those of the source. */
function sourceFlushed(flush: () => void): ReclaimStop | null {
  const stop = flushed(flush);
  return stop === null ? null : { ...stop, of: "source" };
}

function abortIf(stop: StopFlag): void {
  if (isRaised(stop)) throw new Aborted();
}
