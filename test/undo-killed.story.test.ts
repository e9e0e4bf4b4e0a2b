import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdir } from "node:fs/promises";
import { describe, test } from "node:test";
import { type Household, household, snapshot } from "../src/testing/household.ts";
import { programLine } from "../src/testing/onefold.ts";
import { hasStrace } from "../src/testing/programs.ts";
import { brokenPromises } from "../src/testing/promises.ts";
import { fileFrom } from "../src/testing/tree.ts";

const second = 1_000_000_000n;
const sources = {
  phone: {
    DCIM: { "IMG_20190714_101500.jpg": fileFrom(1_563_099_300n * second, "beach") },
    "letter.txt": fileFrom(1_500_000_000n * second, "dear"),
  },
  laptop: { "copy.txt": fileFrom(1_500_000_001n * second, "dear"), "long.txt": "long ".repeat(20_000) },
};

/** Names, inodes, contents and times of all but onefold's own. */
async function standing(home: Household): Promise<unknown[]> {
  return [...(await snapshot(home.path("archive")))]
    .filter(([path]) => path !== "" && path !== ".onefold" && !path.startsWith(".onefold/"))
    .map(([path, { kind, inode, content, modifiedNs }]) => {
      return kind === "file" ? [path, inode, content, modifiedNs] : [path, kind, inode];
    });
}

/** Runs a command until a system call kills it; false if it never came to that. */
function killedAt(home: Household, command: readonly string[], fault: readonly string[]): boolean {
  const [program = "", ...args] = programLine([...command, "--json", ...home.places]);
  const { signal } = spawnSync("strace", ["-f", "-qq", "-o", "/dev/null", ...fault, program, ...args], {
    env: { ...process.env, ...home.environment },
  });
  return signal === "SIGKILL";
}

async function undo(home: Household, run: string): Promise<void> {
  const { status, stderr, stdout } = await home.onefold(["undo", run, "--json", ...home.places]);
  assert.equal(status, 0, stderr + stdout);
}

describe("undo and kills", { skip: hasStrace() ? false : "strace is not here, or may not trace" }, () => {
  for (const folder of ["files", "by-source/laptop"]) {
    test(`a run that was killed when names in ${folder} had just been made is taken back whole`, async () => {
      const mine = { photos: { "own.jpg": "own" }, files: { "long.txt": "another long one" }, hollow: {} };
      await using home = await household(sources, { archive: mine });
      const before = await standing(home);
      const fault = ["-P", home.path(`archive/${folder}`), "-e", "trace=fsync", "-e", "inject=fsync:signal=SIGKILL"];
      assert.ok(killedAt(home, ["run"], fault));
      const [journal = ""] = await readdir(home.path("archive/.onefold/journal"));
      assert.notDeepEqual(await standing(home), before);
      await undo(home, journal.replace(".jsonl", ""));

      assert.deepEqual(await standing(home), before);
      await home.run();
      assert.deepEqual(await brokenPromises(home), []);
    });
  }

  test("an undo that was killed at any removal goes on when it is repeated", async () => {
    await using home = await household(sources);
    const before = await standing(home);
    const { run } = await home.run();
    for (const call of ["unlink:signal=SIGKILL:when=2", "rmdir:signal=SIGKILL:when=2"]) {
      const fault = ["-e", `trace=${call.split(":")[0]}`, "-e", `inject=${call}`];
      assert.ok(killedAt(home, ["undo", run], fault), call);
    }
    await undo(home, run);

    assert.deepEqual(await standing(home), before);
    await home.run();
    assert.deepEqual(await brokenPromises(home), []);
  });
});
