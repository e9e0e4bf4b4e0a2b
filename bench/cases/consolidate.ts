/** Copying one of each content, which is known already: `onefold consolidate` against cp and rsync. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Bench, type Case, emptyFolder, scratchFolder, treeFor } from "../bench.ts";
import { flushed, saying } from "../command.ts";
import { type Contender, checkArchive, ready } from "../contender.ts";
import { install, onefoldContender, saveState } from "../program.ts";
import { raceCase } from "../race-case.ts";
import { uniquePaths } from "../tree-plan.ts";
import { settled, type Tree } from "../write-tree.ts";
import { versionsOf } from "./versions.ts";

export const consolidate: Case = {
  name: "consolidate",
  summary: "onefold consolidate after a scan, against cp -a and rsync -a of the same files",
  run: async (bench) => {
    const tree = await treeFor(bench, bench.sizes.photos);
    await settled(tree);
    const rsync = /\d+\.\d+\.\d+/.exec(saying("rsync", "--version") ?? "")?.[0] ?? null;
    const cp = /\d+\.\d+/.exec(saying("cp", "--version") ?? "")?.[0] ?? "";
    const contenders = [
      await copier(bench, tree, "cp -a", (list, archive) => [
        "xargs",
        "-0",
        "-a",
        list,
        "cp",
        "-a",
        "--parents",
        "-t",
        archive,
      ]),
      ...(rsync === null
        ? []
        : [
            await copier(bench, tree, "rsync -a", (list, archive) => {
              return ["rsync", "-a", "--from0", `--files-from=${list}`, `${tree.root}/`, `${archive}/`];
            }),
          ]),
      await consolidator(bench, tree, false),
      await consolidator(bench, tree, true),
    ];
    return [
      await raceCase(bench, {
        id: "consolidate",
        title: "One of each content into a flushed archive",
        tree,
        contenders,
        versions: { ...versionsOf(bench), "cp -a": cp, "rsync -a": rsync ?? "" },
        looksCloser: ["full"],
        goal: { limit: 1.2, against: "cp -a", beatsOthers: false },
        notes: rsync === null ? ["rsync is not installed"] : [],
      }),
    ];
  },
};

type Line = (list: string, archive: string) => readonly string[];

async function copier(bench: Bench, { root, spec }: Tree, name: string, line: Line): Promise<Contender> {
  const scratch = await scratchFolder(bench, "consolidate", name);
  const [list, archive] = [join(scratch, "list"), join(scratch, "archive")];
  await writeFile(list, uniquePaths(spec).join("\0"));
  const [program = "", ...args] = line(list, archive);
  return {
    name,
    role: "peer",
    note: "reads nothing back",
    prepare: async () => {
      await emptyFolder(archive);
      const command = flushed({ program, args, cwd: root, output: join(scratch, "said") }, archive);
      return ready(command, (truth) => checkArchive(archive, truth));
    },
  };
}

async function consolidator(bench: Bench, { root }: Tree, bySource: boolean): Promise<Contender> {
  const name = bySource ? "onefold, with by-source/" : "onefold";
  const scratch = await scratchFolder(bench, "consolidate", name);
  const archive = join(scratch, "archive");
  const own = await install(scratch, { sources: { tree: root }, archive, bySource });
  await emptyFolder(archive);
  await saveState(own, "scan");
  const note = bySource ? "a hard link for every file of every source, too" : "each copy is read back and compared";
  return onefoldContender(name, own, ["consolidate"], "saved", {
    note,
    before: () => emptyFolder(archive),
  });
}
