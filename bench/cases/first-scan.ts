/** Finding the duplicates of a tree that nobody has seen before. */
import type { Bench, Case } from "../bench.ts";
import { scratchFolder, treeFor } from "../bench.ts";
import type { Contender } from "../contender.ts";
import { finder } from "../peers.ts";
import { install, onefoldContender, saveState } from "../program.ts";
import { canDropCaches } from "../race.ts";
import { raceCase } from "../race-case.ts";
import type { CaseResult, Goal, Scale } from "../results.ts";
import type { TreeSpec } from "../tree-plan.ts";
import type { Tree } from "../write-tree.ts";
import { versionsOf } from "./versions.ts";

const closeToFastest: Goal = { limit: 1.2, against: null, beatsOthers: true };
const fastest: Goal = { limit: 1, against: null, beatsOthers: false };

export const smallFiles: Case = {
  name: "small",
  summary: "many small files, first scan, warm",
  run: async (bench) => {
    const what: What = { id: "small", title: "Many small files, warm", goal: closeToFastest, showsStart: true };
    return [await scanOnce(bench, { ...what, looksCloser: ["full", "quick"] }, bench.sizes.small)];
  },
};

export const largeFiles: Case = {
  name: "large",
  summary: "few large files, first scan, warm",
  run: async (bench) => {
    return [await scanOnce(bench, { id: "large", title: "Large files, warm", goal: fastest }, bench.sizes.large)];
  },
};

export const photoLike: Case = {
  name: "photos",
  summary: "files of the sizes that photos have to one another, some with equal beginnings, warm",
  run: async (bench) => {
    return [
      await scanOnce(bench, { id: "photos", title: "Like photos, warm", goal: closeToFastest }, bench.sizes.photos),
    ];
  },
};

export const coldStart: Case = {
  name: "cold",
  summary: "small and large files again, nothing of them in memory (root only); with --quick only small ones",
  run: async (bench) => {
    if (!canDropCaches()) {
      const because = "only root can make the system forget what it has read";
      return [{ kind: "skipped", id: "cold", title: "First scan, cold", because }];
    }
    // What is used does not depend on what the system has in memory.
    const cold = { goal: fastest, cold: true, looksCloser: [] };
    const small = { ...cold, id: "cold/small", title: "Many small files, cold" };
    const large = { ...cold, id: "cold/large", title: "Large files, cold" };
    const results = [await scanOnce(bench, small, bench.sizes.small)];
    if (bench.scale !== "quick") results.push(await scanOnce(bench, large, bench.sizes.large));
    return results;
  },
};

interface What {
  readonly id: string;
  readonly title: string;
  readonly goal: Goal;
  readonly cold?: boolean;
  /** Whether to make the database in small trees, too, where that is most of the time. */
  readonly showsStart?: boolean;
  readonly looksCloser?: readonly Scale[];
}

async function scanOnce(bench: Bench, what: What, spec: TreeSpec): Promise<CaseResult> {
  const tree = await treeFor(bench, spec);
  const contenders = await contendersFor(bench, what, tree);
  return raceCase(bench, { looksCloser: ["full"], ...what, tree, contenders, versions: versionsOf(bench) });
}

async function contendersFor(bench: Bench, what: What, tree: Tree): Promise<Contender[]> {
  const peers = bench.peers.filter(({ variant }) => bench.scale === "full" || !variant);
  const scratch = (name: string) => scratchFolder(bench, what.id, name);
  const sources = { tree: tree.root };
  const finders = peers.map(async (peer) => finder(peer, { roots: [tree.root], scratch: await scratch(peer.name) }));
  const prepared = await install(await scratch("onefold prepared"), { sources });
  await saveState(prepared, "status");
  const contenders = await Promise.all(finders);
  if (bench.scale !== "quick" || what.showsStart) {
    const first = await install(await scratch("onefold"), { sources });
    contenders.push(onefoldContender("onefold", first, ["scan"], "nothing", { note: "makes its database first" }));
  }
  return [...contenders, onefoldContender("onefold, database made", prepared, ["scan"], "saved")];
}
