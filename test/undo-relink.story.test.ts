import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { appendFile, chmod, rename } from "node:fs/promises";
import { describe, test } from "node:test";
import type { PathText } from "../src/model/path.ts";
import { type Household, household, type Snapped, snapshot } from "../src/testing/household.ts";
import { documentOf, type Ended, type ListedProblem, programLine } from "../src/testing/onefold.ts";
import { hasStrace } from "../src/testing/programs.ts";
import { fileFrom } from "../src/testing/tree.ts";

const second = 1_000_000_000n;
const beach = "the beach".repeat(20_000);

interface Undone {
  readonly undo: Readonly<Record<"separated" | "kept", number>>;
  readonly problems: readonly ListedProblem[];
}

/** Some equal files, the oldest of them not the one that relink keeps. */
const archive = {
  mine: {
    "a.jpg": fileFrom(1_300_000_000n * second, beach),
    "b.jpg": fileFrom(1_200_000_000n * second + 1_000n, beach),
    "c.jpg": fileFrom(1_100_000_000n * second, beach),
    deep: { "d.txt": fileFrom(1_000_000_000n * second, "dear"), "e.txt": fileFrom(1_050_000_000n * second, "dear") },
    "other.txt": "deer",
  },
};

async function filesOf(home: Household): Promise<Map<PathText, Snapped>> {
  const all = await snapshot(home.path("archive"));
  return new Map([...all].filter(([path, { kind }]) => kind === "file" && !path.startsWith(".onefold/")));
}

/** All that a user could have lost by a link: contents, times, modes. */
const facts = (files: ReadonlyMap<PathText, Snapped>) =>
  [...files].map(([path, { content, modifiedNs, mode }]) => [path, content, modifiedNs, mode]);
const inodes = (files: ReadonlyMap<PathText, Snapped>) => new Set([...files.values()].map(({ inode }) => inode)).size;

async function relink(home: Household): Promise<string> {
  const ended = await home.onefold(["relink", "--json", ...home.places]);
  assert.equal(ended.status, 0, ended.stderr);
  return documentOf<{ run: string }>(ended).run;
}

async function undo(home: Household, run: string, status = 0): Promise<Undone> {
  const ended: Ended = await home.onefold(["undo", run, "--json", ...home.places]);
  assert.equal(ended.status, status, ended.stderr + ended.stdout);
  return documentOf<Undone>(ended);
}

describe("undoing a relink", () => {
  test("gives every name a file of its own again, with its time and mode; the kept file has its own time back", async () => {
    await using home = await household({ phone: {} }, { archive });
    await chmod(home.path("archive/mine/b.jpg"), 0o640);
    const before = await filesOf(home);
    const run = await relink(home);
    assert.equal(inodes(await filesOf(home)), 3);
    const undone = await undo(home, run);
    const after = await filesOf(home);

    assert.deepEqual([undone.undo.separated, undone.undo.kept], [3, 0]);
    assert.deepEqual(facts(after), facts(before));
    assert.equal(inodes(after), 6);
    const again = await undo(home, run);
    assert.deepEqual([again.undo.separated, again.undo.kept], [0, 0]);
    const { scan } = documentOf<{ scan: { readBytes: number } }>(
      await home.onefold(["scan", "--json", ...home.places]),
    );
    assert.equal(scan.readBytes, 0, "the inventory knows how the files stand");
  });

  test("leaves alone what changed since, and the time of the file that it still is a link of", async () => {
    await using home = await household({ phone: {} }, { archive });
    const run = await relink(home);
    await appendFile(home.path("archive/mine/a.jpg"), "!");
    await rename(home.path("archive/mine/deep/e.txt"), home.path("archive/mine/deep/moved.txt"));
    const before = await filesOf(home);
    const undone = await undo(home, run, 3);

    assert.deepEqual(undone.problems.map(({ path, code }) => `${path} ${code}`).sort(), [
      "mine/b.jpg CHANGED_SINCE",
      "mine/c.jpg CHANGED_SINCE",
    ]);
    assert.deepEqual(facts(await filesOf(home)), facts(before));
  });

  test("killed at any rename and repeated ends as if it had not been", {
    skip: hasStrace() ? false : "strace is not here, or may not trace",
  }, async () => {
    await using home = await household({ phone: {} }, { archive });
    const before = await filesOf(home);
    const run = await relink(home);
    const [program = "", ...args] = programLine(["undo", run, "--json", ...home.places]);
    const environment = { ...process.env, ...home.environment };
    for (const n of [1, 2]) {
      const inject = `inject=rename:error=EIO:signal=SIGKILL:when=${n}`;
      const options = ["-f", "-qq", "-o", "/dev/null", "-e", "trace=rename"];
      spawnSync("strace", [...options, "-e", inject, program, ...args], { env: environment });
    }
    await undo(home, run);

    assert.deepEqual(facts(await filesOf(home)), facts(before));
  });
});
