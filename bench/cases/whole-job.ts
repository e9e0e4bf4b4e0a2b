/** From shares to a flushed archive: `onefold run` against the same by hand. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Bench, type Case, emptyFolder, scratchFolder, treeFor } from "../bench.ts";
import { flushed, saying } from "../command.ts";
import { type Contender, checkArchive, ready } from "../contender.ts";
import { install, onefoldContender } from "../program.ts";
import { raceCase } from "../race-case.ts";
import type { CaseResult } from "../results.ts";
import type { Tree } from "../write-tree.ts";
import { versionsOf } from "./versions.ts";

const title = "The whole job, two sources into a flushed archive";
const recipe = fileURLToPath(new URL("../../../bench/recipe.sh", import.meta.url));
const keepOne = fileURLToPath(new URL("../keep-one.js", import.meta.url));

export const wholeJob: Case = {
  name: "job",
  summary: "onefold run against czkawka, cp -a of one of each and rdfind -makehardlinks",
  run: async (bench): Promise<readonly CaseResult[]> => {
    const lacking = ["czkawka_cli", "rdfind"].filter((program) => saying(program, "--version") === null);
    if (lacking.length > 0) {
      return [{ kind: "skipped", id: "job", title, because: `${lacking.join(" and ")} missing for the recipe` }];
    }
    const tree = await treeFor(bench, bench.sizes.photos);
    const { bytes, originalBytes } = tree.truth;
    const goal = { limit: 0.5, against: "by hand", beatsOthers: false, mostReadBytes: 1.05 * bytes + originalBytes };
    const contenders = [await byHand(bench, tree), await byOnefold(bench, tree)];
    const versions = versionsOf(bench);
    return [
      await raceCase(bench, { id: "job", title, tree, contenders, versions, goal, looksCloser: ["full", "quick"] }),
    ];
  },
};

async function byHand(bench: Bench, { root }: Tree): Promise<Contender> {
  const scratch = await scratchFolder(bench, "job", "by hand");
  const archive = join(scratch, "archive");
  const sources = [join(root, "one"), join(root, "two")];
  return {
    name: "by hand",
    role: "peer",
    note: "nothing is read back, dated or recorded",
    prepare: async () => {
      await emptyFolder(archive);
      // A cache of the run before would be another task.
      await rm(join(scratch, "cache"), { recursive: true, force: true });
      const env = {
        HOME: scratch,
        KEEP_ONE: keepOne,
        CZKAWKA_CACHE_PATH: join(scratch, "cache"),
        CZKAWKA_CONFIG_PATH: scratch,
      };
      const command = { program: recipe, args: [archive, scratch, ...sources], env, output: join(scratch, "said") };
      return ready(flushed(command, archive), (truth) => checkArchive(archive, truth));
    },
  };
}

async function byOnefold(bench: Bench, { root }: Tree): Promise<Contender> {
  const scratch = await scratchFolder(bench, "job", "onefold");
  const archive = join(scratch, "archive");
  const sources = { one: join(root, "one"), two: join(root, "two") };
  const own = await install(scratch, { sources, archive });
  const note = "makes its database first; each copy is read back, every file has its name below by-source/";
  return onefoldContender("onefold", own, ["run"], "nothing", {
    note,
    before: () => emptyFolder(archive),
  });
}
