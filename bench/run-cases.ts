import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Bench, Case } from "./bench.ts";
import { consolidate } from "./cases/consolidate.ts";
import { coldStart, largeFiles, photoLike, smallFiles } from "./cases/first-scan.ts";
import { growth } from "./cases/growth.ts";
import { rescan } from "./cases/rescan.ts";
import { slowShare } from "./cases/slow-share.ts";
import { wholeJob } from "./cases/whole-job.ts";
import { help } from "./command.ts";
import { describeMachine } from "./machine.ts";
import { findPeers } from "./peers.ts";
import type { CaseResult, Measured, Scale } from "./results.ts";
import { sizesFor } from "./sizes.ts";

export const cases: readonly Case[] = [
  ...[smallFiles, largeFiles, coldStart, photoLike, rescan, slowShare, wholeJob, consolidate, growth],
];

export interface Wanted {
  readonly scale: Scale;
  /** Ten millions of files, too. */
  readonly huge: boolean;
  readonly rounds: number;
  readonly cases: readonly Case[];
  /** Everything lies below it. */
  readonly folder: string;
  readonly now: () => Date;
  /** After so many seconds no further round or case is begun; null: there is time enough. */
  readonly budget: number | null;
  readonly say: (text: string) => void;
}

/** Measures one case after the other. What a case leaves besides trees is removed after it. */
export async function runCases(wanted: Wanted): Promise<Measured> {
  const { scale, huge, rounds, folder, say, now, budget } = wanted;
  const began = now();
  const isOver = () => budget !== null && now().getTime() - began.getTime() > budget * 1000;
  await mkdir(folder, { recursive: true });
  const { peers, missing } = findPeers();
  if (missing.length > 0) say(`not installed, so left out: ${missing.join(", ")} (scripts/install-peers.sh)`);
  const bench: Bench = { scale, rounds, folder, peers, say, isOver, sizes: sizesFor(scale, huge) };
  const results: CaseResult[] = [];
  for (const one of wanted.cases) {
    if (isOver()) {
      results.push({ kind: "skipped", id: one.name, title: one.summary, because: "the time was over" });
      continue;
    }
    results.push(...(await one.run(bench)));
    help("rm", "-rf", join(folder, "runs"));
  }
  const versions = Object.fromEntries(peers.map(({ program, version }) => [program, version]));
  return { at: began.toISOString(), machine: describeMachine(folder, versions), missing, cases: results };
}
