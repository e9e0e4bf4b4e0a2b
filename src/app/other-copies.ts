import { otherCopies } from "../inventory/other-copies.ts";
import type { CopyOperation } from "../model/operation.ts";
import { fileOf, type Plan, rootsOf } from "./plan.ts";

/** Remembered, to look for others: a share that fails as a whole is no matter of single files. */
export const mostFailed = 10_000;

/**
 * What is left to try when originals could not be copied: their duplicates, the most trusted first, one for each content.
 * Call it again with what failed of these; a file is named once.
 */
export class OtherCopies {
  readonly #plan: Plan;
  /** Ids of files that have been tried. */
  readonly #tried = new Set<number>();

  constructor(plan: Plan) {
    this.#plan = plan;
  }

  /** @param failed Copies that failed, whatever the reason. */
  async of(failed: readonly CopyOperation[]): Promise<CopyOperation[]> {
    const { session, archive, sources } = this.#plan;
    const asked = new Map(failed.map((operation) => [operation.from.id, operation]));
    for (const id of asked.keys()) this.#tried.add(id);
    const roots = rootsOf(sources.filter(({ watch }) => watch.lost === null));
    const chosen = new Map<number, CopyOperation>();
    for (const copy of await otherCopies(session, archive.id, [...asked.keys()])) {
      const operation = asked.get(copy.insteadOf);
      if (operation === undefined || chosen.has(copy.insteadOf) || this.#tried.has(copy.id)) continue;
      if (!roots.has(copy.source)) continue;
      const { source, path } = operation.from;
      const because = `${source}:${path}, the original, could not be read`;
      chosen.set(copy.insteadOf, { ...operation, from: fileOf(copy, roots), hash: copy.hash, because });
    }
    return [...chosen.values()];
  }
}
