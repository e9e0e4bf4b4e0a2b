import type { PathText } from "../model/path.ts";
import { PinnedFolders } from "./pinned-folder.ts";
import { type Relinked, type RelinkStep, relinkFile } from "./relink-file.ts";
import { KeptFiles, type Retimed } from "./relink-kept.ts";
import { KeptTrouble, lstat, type Surroundings } from "./relink-replace.ts";
import { type Standing, standingOf } from "./standing.ts";
import { isRaised, type StopFlag } from "./stop-flag.ts";
import { Aborted, type Failure, failureInArchive, flushed, type Stop, Trouble } from "./trouble.ts";

/** Files to look at, or steps to carry out. */
export interface RelinkRequest {
  readonly root: PathText;
  /** Below the root. */
  readonly looks: readonly PathText[];
  readonly steps: readonly RelinkStep[];
  readonly stop: StopFlag;
}

export type LookResult = { readonly kind: "found"; readonly standing: Standing } | Failure | Stop;

export type RelinkResult =
  | Relinked
  /** The trouble is that of the kept file; the step's own file was left alone. */
  | { readonly kind: "keptFailed"; readonly code: string; readonly message: string }
  /** Not tried, since an earlier step found that nothing can be linked to the kept file. */
  | { readonly kind: "deferred" }
  | { readonly kind: "aborted" }
  | Failure
  | Stop;

export interface RelinkAnswer {
  /** One for each look, in order. */
  readonly found: readonly LookResult[];
  /** One for each step, in order; `stop` for all from the first that found the archive unusable. */
  readonly results: readonly RelinkResult[];
  /** Kept files that have another time now, whatever became of the step that gave it to them. */
  readonly retimed: readonly Retimed[];
  /** The names are not known to be on the disk: nothing of this may count as done. */
  readonly unflushed: Stop | null;
}

/**
 * Looks at files, and makes files hard links of others, one after the other; runs in a thread, which may block.
 *
 * When it answers without `unflushed`, all changes are on the disk for good. Raising `stop` puts a comparison down; a
 * file that has been compared is finished.
 */
export function relinkBatch({ root, looks, steps, stop }: RelinkRequest): RelinkAnswer {
  using folders = new PinnedFolders(root);
  const keptFiles = new KeptFiles();
  const pause = () => {
    if (isRaised(stop)) throw new Aborted();
  };
  const found = looks.map((path) => lookAt(path, folders));
  let unflushed: Stop | null = null;
  const results = inOrder(steps, (step) => {
    const result = settled(step, { folders, keptFiles, pause });
    unflushed ??= flushed(() => folders.settle());
    return unflushed ?? result;
  });
  unflushed ??= flushed(() => keptFiles.flushTimes(folders)) ?? flushed(() => folders.flush());
  return { found, results, retimed: keptFiles.retimed(), unflushed };
}

/** Nothing more is tried after a `stop`, and nothing more is linked to a file that is full or in trouble. */
function inOrder(steps: readonly RelinkStep[], work: (step: RelinkStep) => RelinkResult): RelinkResult[] {
  const unfit = new Set<PathText>();
  let stop: Stop | null = null;
  return steps.map((step) => {
    if (stop !== null) return stop;
    if (unfit.has(step.kept.path)) return { kind: "deferred" };
    const result = work(step);
    if (result.kind === "stop") stop = result;
    if (result.kind === "full" || result.kind === "keptFailed") unfit.add(step.kept.path);
    return result;
  });
}

function settled(step: RelinkStep, around: Surroundings): RelinkResult {
  try {
    around.pause();
    return relinkFile(step, around);
  } catch (error) {
    if (error instanceof Aborted) return { kind: "aborted" };
    const isKept = error instanceof KeptTrouble;
    const why = failureInArchive(isKept ? error.cause : error);
    return isKept && why.kind === "failed" ? { ...why, kind: "keptFailed" } : why;
  }
}

function lookAt(path: PathText, folders: PinnedFolders): LookResult {
  try {
    folders.settle();
    const device = lstat(folders.inside("" as PathText, ".")).dev;
    const stats = lstat(folders.path(path));
    if (!stats.isFile()) throw new Trouble("NOT_A_FILE", "no longer an ordinary file");
    if (stats.dev !== device) throw new Trouble("EXDEV", "lies on another file system than the archive");
    return { kind: "found", standing: standingOf(path, stats) };
  } catch (error) {
    return failureInArchive(error);
  }
}
