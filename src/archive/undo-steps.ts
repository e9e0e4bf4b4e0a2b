import type { Hash, Place } from "../model/file.ts";
import { folderOf, type PathText } from "../model/path.ts";
import type { EpochNs } from "../model/time.ts";
import type { JournalBatch } from "./journal-batches.ts";
import type { IntendedCopy, IntendedLink, IntendedRelink, JournalResult, RelinkedResult } from "./journal-records.ts";
import { newTemporaryName } from "./private-folder.ts";
import type { SeparateStep } from "./separate-file.ts";
import { recordedStanding } from "./standing.ts";
import type { TakeBackStep } from "./take-back-file.ts";
import type { RetimeStep } from "./undo-batch.ts";

/** A name that a run made, and the file of a source that it was made for. */
export type PlacedName = Omit<TakeBackStep, "copies"> & { readonly from: Place };

/** What is known besides the journal's batch. */
export interface RunFacts {
  /** When the run began. */
  readonly since: EpochNs;
  /** Whether inode numbers of the archive mean anything. */
  readonly inodesTrusted: boolean;
}

/** The names that a batch of a run gave, or may have given, to files; the last one first. */
export function placedNames({ operations, done }: JournalBatch, facts: RunFacts): PlacedName[] {
  const names =
    done === null
      ? operations.flatMap((one) => (one.do === "copy" || one.do === "link" ? [intendedName(one, facts)] : []))
      : done.results.flatMap((one) => ("from" in one && !("do" in one) ? doneName(one, facts) : []));
  return names.reverse();
}

function doneName(result: JournalResult, { inodesTrusted }: RunFacts): PlacedName[] {
  const { outcome, from, to, hash, size, mtimeNs, inode } = result;
  if (outcome !== "copied" && outcome !== "linked") return [];
  if (to === undefined || hash === undefined || size === undefined || mtimeNs === undefined) return [];
  const kind = outcome === "copied" ? "copy" : "link";
  const left = { inode: inodesTrusted && inode !== undefined ? BigInt(inode) : null };
  return [{ kind, path: to, from, size, modified: BigInt(mtimeNs) as EpochNs, hash, left }];
}

function intendedName(operation: IntendedCopy | IntendedLink, { since }: RunFacts): PlacedName {
  const { do: kind, from, to, size, mtimeNs, hash } = operation;
  const existing = operation.do === "link" ? operation.existing : null;
  const left = { intended: true, existing, since } as const;
  return { kind, path: to, from, size, modified: BigInt(mtimeNs) as EpochNs, hash: hash ?? null, left };
}

/** A folder that a run made, or may have made. */
export interface MadeFolder {
  readonly path: PathText;
  readonly since: EpochNs | null;
}

/** The folders of a batch, deepest first. */
export function madeFolders({ operations, done }: JournalBatch, { since }: RunFacts): MadeFolder[] {
  if (done !== null) return done.folders.map((path) => ({ path, since: null })).reverse();
  const all = new Set<PathText>();
  for (const operation of operations) {
    if (operation.do !== "copy" && operation.do !== "link") continue;
    for (let path = folderOf(operation.to); path !== ""; path = folderOf(path)) all.add(path);
  }
  return [...all].sort((a, b) => b.length - a.length).map((path) => ({ path, since }));
}

/** What a batch of a relinking run did, to be taken back in this order; and what becomes of the kept files' times. */
export function relinkedNames({ operations, done }: JournalBatch): { steps: SeparateStep[]; retimes: RetimeStep[] } {
  const relinks = operations.filter((operation) => operation.do === "relink");
  const results = new Map(done?.results.flatMap((one) => ("from" in one ? [] : [[one.to, one] as const])));
  const steps = relinks.flatMap((one) => {
    const isOver = done !== null && results.get(one.to)?.outcome !== "relinked";
    return isOver ? [] : [separateStep(one, results.get(one.to) as RelinkedResult | undefined)];
  });
  return { steps: steps.reverse(), retimes: retimesOf(relinks) };
}

function separateStep(operation: IntendedRelink, result: RelinkedResult | undefined): SeparateStep {
  const { to, existing, size, hash, before, kept } = operation;
  return {
    path: to,
    before: recordedStanding(to, size, before),
    kept: recordedStanding(existing, size, kept),
    hash,
    temporary: newTemporaryName(),
    certain: result !== undefined,
  };
}

function retimesOf(relinks: readonly IntendedRelink[]): RetimeStep[] {
  const byInode = new Map<string, { path: PathText; hash: Hash; modified: EpochNs; given: EpochNs[] }>();
  for (const { existing, hash, before, kept } of relinks) {
    const known = byInode.get(kept.inode);
    const one = known ?? { path: existing, hash, modified: BigInt(kept.mtimeNs) as EpochNs, given: [] };
    byInode.set(kept.inode, one);
    if (BigInt(before.mtimeNs) < one.modified) one.given.push(BigInt(before.mtimeNs) as EpochNs);
  }
  return [...byInode]
    .filter(([, { given }]) => given.length > 0)
    .map(([inode, one]) => ({ ...one, inode: BigInt(inode) }));
}
