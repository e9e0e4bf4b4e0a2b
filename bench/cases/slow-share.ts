/** A share far away: every open, read and listing takes 2 ms longer, however many are under way. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Bench, type Case, scratchFolder, treeFor } from "../bench.ts";
import type { Contender, Ready } from "../contender.ts";
import { finder } from "../peers.ts";
import { install, onefoldContender } from "../program.ts";
import { raceCase } from "../race-case.ts";
import type { CaseResult } from "../results.ts";
import type { Tree } from "../write-tree.ts";
import { versionsOf } from "./versions.ts";

const delayMs = 2;
const slowly = [{ on: ["open", "read", "readdir"], fault: { delayMs } }];

/** A folder mounted once more, slowly. */
interface SlowShare extends AsyncDisposable {
  readonly root: string;
  set(rules: readonly unknown[]): Promise<void>;
}

type MountFaulty = (folder: string) => Promise<SlowShare | null>;

export const slowShare: Case = {
  name: "share",
  summary: `a share that takes ${delayMs} ms for every open, read and listing (root and /dev/fuse only)`,
  run: async (bench) => {
    const title = `A share that takes ${delayMs} ms for every open, read and listing`;
    const mount = await findMounter();
    const skipped = (because: string): CaseResult => ({ kind: "skipped", id: "share", title, because });
    if (mount === null) return [skipped("there is no file system to slow down")];
    const tree = await treeFor(bench, bench.sizes.share);
    const probe = await mount(tree.root);
    if (probe === null) return [skipped("only root can mount, where there is /dev/fuse")];
    await probe[Symbol.asyncDispose]();
    const contenders = contendersFor(bench, tree, mount);
    const goal = { limit: 0.5, against: null, beatsOthers: false };
    const versions = versionsOf(bench);
    return [await raceCase(bench, { id: "share", title, tree, contenders, versions, goal, looksCloser: [] })];
  },
};

/** Part of the tests' own file systems; null where they are not built. */
async function findMounter(): Promise<MountFaulty | null> {
  const module = join(import.meta.dirname, "..", "..", "src", "testing", "fuse", "mount.js");
  if (!existsSync(module)) return null;
  const { faultyMount }: { faultyMount: MountFaulty } = await import(module);
  return faultyMount;
}

function contendersFor(bench: Bench, tree: Tree, mount: MountFaulty): Contender[] {
  const peers = bench.peers.filter(({ variant }) => !variant);
  const scratch = (name: string) => scratchFolder(bench, "share", name);
  const onShare = (
    { name, role, note }: Pick<Contender, "name" | "role" | "note">,
    at: (root: string) => Promise<Contender>,
  ): Contender => {
    return {
      name,
      role,
      ...(note === undefined ? {} : { note }),
      prepare: async () => {
        // A fresh mount each time: the kernel knows nothing of it yet.
        const share = await mount(tree.root);
        if (share === null) throw new Error("the share could be mounted before, but now it cannot");
        await share.set(slowly);
        const contender = await at(share.root);
        return unmountingAfter(await contender.prepare(), share);
      },
    };
  };
  return [
    ...peers.map((peer) =>
      onShare({ ...peer, role: "peer" }, async (root) =>
        finder(peer, { roots: [root], scratch: await scratch(peer.name) }),
      ),
    ),
    onShare({ name: "onefold", role: "onefold", note: "makes its database first" }, async (root) => {
      const own = await install(await scratch("onefold"), { sources: { tree: root } });
      return onefoldContender("onefold", own, ["scan"], "nothing");
    }),
  ];
}

function unmountingAfter(ready: Ready, share: SlowShare): Ready {
  return {
    ...ready,
    [Symbol.asyncDispose]: async () => {
      await ready[Symbol.asyncDispose]();
      await share[Symbol.asyncDispose]();
    },
  };
}
