import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Peer } from "./peers.ts";
import type { CaseResult, Scale } from "./results.ts";
import type { Sizes } from "./sizes.ts";
import type { TreeSpec } from "./tree-plan.ts";
import { type Tree, writeTree } from "./write-tree.ts";

/** What every case works with. */
export interface Bench {
  readonly scale: Scale;
  readonly rounds: number;
  /** Trees, inventories, archives and results lie below it. */
  readonly folder: string;
  readonly sizes: Sizes;
  readonly peers: readonly Peer[];
  /** Whether its time is over. */
  readonly isOver: () => boolean;
  /** Tells what is going on. */
  readonly say: (text: string) => void;
}

/** One part of the benchmark, by its name on the command line. */
export interface Case {
  readonly name: string;
  /** For `--help`. */
  readonly summary: string;
  run(bench: Bench): Promise<readonly CaseResult[]>;
}

/** A fresh name below the folder for what one contender of one race leaves behind. */
export async function scratchFolder({ folder }: Bench, race: string, contender: string): Promise<string> {
  const words = `${race} ${contender}`.replaceAll(/[^\w.]+/g, "-");
  const path = join(folder, "runs", words);
  await mkdir(path, { recursive: true });
  return path;
}

export async function treeFor({ folder, say }: Bench, spec: TreeSpec): Promise<Tree> {
  const trees = join(folder, "trees");
  await mkdir(trees, { recursive: true });
  say(`  tree ${spec.name}: ${spec.files} files`);
  return writeTree(trees, spec);
}

/** Whatever was in it is gone; also where it was not there. */
export async function emptyFolder(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true });
  await mkdir(path, { recursive: true });
}
