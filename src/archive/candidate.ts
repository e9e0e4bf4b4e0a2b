import type { Hash } from "../model/file.ts";
import type { ArchivedFile, CopyOperation, LinkOperation } from "../model/operation.ts";
import type { PathText } from "../model/path.ts";
import type { Outcome, WholeRead } from "./outcome.ts";
import type { PlaceStep, StepResult } from "./place-batch.ts";
import { failed } from "./problems.ts";

/** A file that is ready to get its name in the archive. */
export type Candidate = CopyCandidate | LinkCandidate;

export interface CopyCandidate extends Common {
  readonly operation: CopyOperation;
  readonly temporary: string;
  readonly read: WholeRead;
  /** Where the content is said to stand already. */
  readonly held: ArchivedFile | null;
}

export interface LinkCandidate extends Common {
  readonly operation: LinkOperation;
  readonly read: null;
  readonly held: ArchivedFile;
}

interface Common {
  readonly hash: Hash;
  readonly to: PathText;
  /** `to` is the other name; there is no third. */
  readonly renamed: boolean;
}

export function placeStep(candidate: Candidate): PlaceStep {
  const { hash, to, held } = candidate;
  const { size } = candidate.operation.from;
  return candidate.read === null
    ? { do: "link", to, hash, size, held: candidate.held }
    : { do: "publish", to, hash, size, held, temporary: candidate.temporary };
}

export function outcomeOf(candidate: Candidate, result: StepResult): Outcome {
  const read = candidate.read ?? { hash: candidate.hash, head: null, seen: null, bytesRead: 0 as const };
  switch (result.kind) {
    case "placed":
      return candidate.read === null
        ? { kind: "linked", hash: candidate.hash, archived: result.archived }
        : { kind: "copied", archived: result.archived, ...candidate.read };
    case "alreadyThere":
      return { kind: "alreadyThere", archived: result.archived, ...read };
    case "taken":
      return { kind: "taken", ...read };
    case "failed":
      return failed(candidate.operation, result, read.bytesRead);
    case "stop":
    case "discarded":
      return { kind: "aborted", bytesRead: read.bytesRead };
  }
}

/** Of copies with the same content only the first may be published now; the others will find it there. */
export function firstOfEachContent(candidates: readonly Candidate[]): { now: Candidate[]; later: Candidate[] } {
  const seen = new Set<Hash>();
  const now: Candidate[] = [];
  const later: Candidate[] = [];
  for (const candidate of candidates) {
    const again = candidate.read !== null && seen.has(candidate.hash);
    (again ? later : now).push(candidate);
    if (candidate.read !== null) seen.add(candidate.hash);
  }
  return { now, later };
}
