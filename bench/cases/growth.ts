/** How time and memory grow with the number of files. */
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Bench, type Case, scratchFolder, treeFor } from "../bench.ts";
import { help } from "../command.ts";
import { type Installation, install, onefoldCommand } from "../program.ts";
import { measureResources } from "../resources.ts";
import type { GrowthPoint } from "../results.ts";
import { growthTree } from "../sizes.ts";
import { settled } from "../write-tree.ts";

const commands = [
  ["scan", ["scan"]],
  ["scan again", ["scan"]],
  ["plan", ["plan"]],
] as const;

/** More often would cost more than is measured. */
const lookEveryMs = 100;

export const growth: Case = {
  name: "growth",
  summary: "scan, scan again and plan over more and more files; ten millions only with --huge",
  run: async (bench) => {
    bench.say("growth");
    const points: GrowthPoint[] = [];
    for (const files of bench.sizes.growth) points.push(...(await measure(bench, files)));
    const title = "Growth";
    const setting =
      "one run each; one file in ten is to be read, one in twenty is a copy; of the others the size stands alone";
    return [{ kind: "growth", id: "growth", title, setting, points, notes: [] }];
  },
};

async function measure(bench: Bench, files: number): Promise<GrowthPoint[]> {
  const tree = await treeFor(bench, growthTree(files));
  const scratch = await scratchFolder(bench, "growth", `${files}`);
  const archive = join(scratch, "archive");
  const own = await install(scratch, { sources: { tree: tree.root }, archive });
  await mkdir(archive);
  await settled(tree);
  const points: GrowthPoint[] = [];
  for (const [command, args] of commands) points.push(await measureOne(bench, own, files, command, args));
  // Millions of files are in the way of everybody else.
  await rm(`${tree.root}.json`);
  help("rm", "-rf", tree.root, own.state);
  return points;
}

async function measureOne(
  bench: Bench,
  own: Installation,
  files: number,
  command: string,
  args: readonly string[],
): Promise<GrowthPoint> {
  help("sync");
  const resources = await measureResources({ ...onefoldCommand(own, ...args), discards: true }, lookEveryMs);
  bench.say(`  ${files} files: ${command} ${resources.seconds.toFixed(3)} s`);
  return { command, files, seconds: resources.seconds, resources };
}
