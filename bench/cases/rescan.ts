/** The same tree once more, nothing changed: each with the cache it has. */
import { setTimeout as delay } from "node:timers/promises";
import { formatBytes } from "../../src/model/units.ts";
import { type Bench, type Case, scratchFolder, treeFor } from "../bench.ts";
import { CommandFailed } from "../command.ts";
import type { Check, Contender } from "../contender.ts";
import { finder } from "../peers.ts";
import { bytesReadBy, type Installation, install, onefoldContender } from "../program.ts";
import { rehearse } from "../race.ts";
import { raceCase } from "../race-case.ts";
import type { CaseResult, Scale } from "../results.ts";
import type { TreeSpec } from "../tree-plan.ts";
import type { Tree } from "../write-tree.ts";
import { versionsOf } from "./versions.ts";

/** Files changed less than 3 s before they are read are read once more: rmlint's attributes change them. */
const settleMs = 4000;

export const rescan: Case = {
  name: "rescan",
  summary: "unchanged trees again, against the peers' own caches; with --quick only small files",
  run: async (bench) => {
    const small = await scanAgain(bench, "rescan/small", "Small files again, nothing changed", bench.sizes.small);
    if (bench.scale === "quick") return [small];
    return [
      small,
      await scanAgain(bench, "rescan/many", "Very many tiny files again, nothing changed", bench.sizes.many),
    ];
  },
};

async function scanAgain(bench: Bench, id: string, title: string, spec: TreeSpec): Promise<CaseResult> {
  const tree = await treeFor(bench, spec);
  const contenders = await contendersFor(bench, id, tree);
  bench.say(`  first scans for ${id}`);
  for (const contender of contenders) {
    if (contender.role === "onefold") await delay(settleMs);
    try {
      await rehearse(contender, tree.truth);
    } catch (error) {
      // It fails again when it is checked, and is noted then.
      if (!(error instanceof CommandFailed)) throw error;
    }
  }
  const goal = { limit: 0.5, against: null, beatsOthers: false };
  // What each reads of a million files takes longer to trace than everything else together.
  const looksCloser: readonly Scale[] = spec === bench.sizes.small ? ["full"] : [];
  return raceCase(bench, { id, title, tree, contenders, versions: versionsOf(bench), goal, looksCloser });
}

/** Those that write to the files come first, onefold last. */
async function contendersFor(bench: Bench, id: string, tree: Tree): Promise<Contender[]> {
  const scratch = (name: string) => scratchFolder(bench, id, name);
  const peers = bench.peers.filter(({ variant, name }) => !variant && name !== "jdupes");
  const inOrder = [...peers.filter(({ name }) => name === "rmlint"), ...peers.filter(({ name }) => name !== "rmlint")];
  const finders = inOrder.map(async (peer) => {
    return finder(peer, { roots: [tree.root], scratch: await scratch(peer.name) }, { cached: true });
  });
  const own = await install(await scratch("onefold"), { sources: { tree: tree.root } });
  const contender = onefoldContender("onefold", own, ["scan"], "as it is");
  return [...(await Promise.all(finders)), sayingWhatItRead(contender, own)];
}

/** It should be nothing. */
function sayingWhatItRead(contender: Contender, own: Installation): Contender {
  return {
    ...contender,
    prepare: async () => {
      const ready = await contender.prepare();
      const check: Check = async (truth) => {
        const read = bytesReadBy(own);
        return [...(await ready.check(truth)), ...(read === 0 ? [] : [`read ${formatBytes(read)} again`])];
      };
      return { ...ready, check };
    },
  };
}
