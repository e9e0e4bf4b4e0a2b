import type { PathText } from "../model/path.ts";
import { discardTemporary } from "./discard-temporary.ts";
import { Folders } from "./folders.ts";
import { type LinkStep, linkEntry, type Placed, type PublishStep, publish, type Surroundings } from "./place-file.ts";
import { type Failure, failureInArchive, flushed, type Stop } from "./trouble.ts";

/** Throws a temporary file away. */
export interface DiscardStep {
  readonly do: "discard";
  readonly temporary: string;
}

export type PlaceStep = PublishStep | LinkStep | DiscardStep;

export interface PlaceRequest {
  readonly root: PathText;
  readonly steps: readonly PlaceStep[];
}

export type StepResult = Placed | Failure | Stop | { readonly kind: "discarded" };

export interface PlaceAnswer {
  /** One for each step, in order; `stop` for all from the first that found the archive unusable. */
  readonly results: readonly StepResult[];
  /** Folders made, parents first. */
  readonly folders: readonly PathText[];
  /** The names are not known to be on the disk: nothing of this may count as done. */
  readonly unflushed: Stop | null;
}

const foldersOf = new Map<PathText, Folders>();

/**
 * Changes names in the archive; runs in one thread only, so that steps never race each other.
 *
 * When it answers without `unflushed`, everything it names is on the disk for good. The temporary file of a failed
 * step is gone; that of a taken name is still there.
 */
export function placeBatch({ root, steps }: PlaceRequest): PlaceAnswer {
  const folders = foldersOf.get(root) ?? new Folders(root);
  foldersOf.set(root, folders);
  let stop: Stop | null = null;
  const results = steps.map((step) => {
    const result: StepResult = stop ?? settled(step, { folders });
    if (result.kind === "stop") stop = result;
    if (result.kind === "stop" || result.kind === "failed") discardOf(step, folders);
    return result;
  });
  let made: readonly PathText[] = [];
  const unflushed = flushed(() => {
    made = folders.flush();
  });
  return { results, folders: made, unflushed };
}

function settled(step: PlaceStep, around: Surroundings): StepResult {
  try {
    switch (step.do) {
      case "publish":
        return publish(step, around);
      case "link":
        return linkEntry(step, around);
      case "discard":
        discardOf(step, around.folders);
        return { kind: "discarded" };
    }
  } catch (error) {
    return failureInArchive(error);
  }
}

function discardOf(step: PlaceStep, folders: Folders): void {
  if (step.do !== "link") discardTemporary(step.temporary, folders);
}
