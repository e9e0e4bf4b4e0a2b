import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { describe, test } from "node:test";
import type { PathText } from "../model/path.ts";
import { hasStrace, runWithFaults } from "../testing/programs.ts";
import { anArchive, archived, inodeOf, second, standingAt, temporary } from "../testing/relinking.ts";
import { type Disk, fileFrom, readTree } from "../testing/tree.ts";
import { openArchive } from "./archive.ts";

const compiled = (module: string) => JSON.stringify(new URL(module, import.meta.url).href);

/** Relinks two files in a process whose system calls fail, or kill it. */
async function relinkWithFaults(disk: Disk, fault: string): Promise<string> {
  const [kept, first, last] = await Promise.all(["kept", "mine/first", "mine/last"].map((p) => standingAt(disk, p)));
  const big = (_key: string, value: unknown) => (typeof value === "bigint" ? `${value}n` : value);
  const steps = [first, last].map((file, n) => ({ file, kept, temporary: temporary.replace(/7$/, String(n)) }));
  const code = `
    import { relinkBatch } from ${compiled("./relink-batch.js")};
    import { newStopFlag } from ${compiled("./stop-flag.js")};
    const steps = JSON.parse(${JSON.stringify(JSON.stringify(steps, big))}, (_key, value) =>
      typeof value === "string" && /^-?[0-9]+n$/.test(value) ? BigInt(value.slice(0, -1)) : value);
    const root = ${JSON.stringify(disk.path("archive"))};
    const { results, unflushed } = relinkBatch({ root, looks: [], steps, stop: newStopFlag() });
    console.log([...results.map(({ kind, code }) => code ?? kind), unflushed === null ? "" : "unflushed"].join(" "));`;
  return runWithFaults(fault.split(" "), code).trim();
}

const aDisk = () => {
  const from = (time: bigint) => fileFrom(time * second, "same");
  return anArchive({ kept: from(9n), mine: { first: from(8n), last: from(7n) } });
};

describe("a failing or dying machine", { skip: hasStrace() ? false : "strace is not here, or may not trace" }, () => {
  const same = { kept: "same", mine: { first: "same", last: "same" } };
  const faults: Record<string, string> = {
    "rename:error=EACCES:when=1": "EACCES relinked",
    "link:error=EPERM:when=1": "keptFailed",
    "link:error=EMLINK:when=2": "relinked full",
    "link:error=ENOSPC:when=2": "relinked ENOSPC",
    "rename:error=EROFS:when=1": "EROFS EROFS",
    "fdatasync:error=EIO:when=1": "EIO EIO",
    "utimensat:error=EPERM:when=1": "EPERM relinked",
  };
  for (const [fault, expected] of Object.entries(faults)) {
    test(`${fault}: what is said is what happened, and no content is lost`, async () => {
      await using disk = await aDisk();
      const before = await Promise.all(["kept", "mine/first", "mine/last"].map((path) => standingAt(disk, path)));
      const said = await relinkWithFaults(disk, `-e trace=${fault.split(":")[0]} -e inject=${fault}`);
      const after = await Promise.all(["kept", "mine/first", "mine/last"].map((path) => standingAt(disk, path)));

      assert.ok(said.startsWith(expected) || (expected === "keptFailed" && said.startsWith("EPERM deferred")), said);
      assert.deepEqual(await archived(disk), same);
      for (const [n, kind] of said.split(" ").entries()) {
        const isLinked = after[n + 1]?.inode === after[0]?.inode;
        assert.equal(isLinked, kind === "relinked", said);
        if (!isLinked) assert.deepEqual(after[n + 1], before[n + 1]);
      }
      const times = after.filter(({ inode }) => inode === after[0]?.inode).map(({ path }) => path);
      const expectedTime = times.includes("mine/last" as PathText)
        ? 7n
        : times.includes("mine/first" as PathText)
          ? 8n
          : 9n;
      assert.equal(after[0]?.modified, expectedTime * second);
    });
  }

  test("that cannot flush a time or a folder leaves nothing that counts as done", async () => {
    for (const time of [1, 2]) {
      await using disk = await aDisk();
      const said = await relinkWithFaults(disk, `-e trace=fsync -e inject=fsync:error=EIO:when=${time}`);
      assert.equal(said, "relinked relinked unflushed");
      assert.deepEqual(await archived(disk), same);
    }
  });

  for (const call of ["link", "rename", "utimensat", "fdatasync", "fsync"]) {
    test(`killed at any ${call}, every name holds its content, and the next one goes on`, async () => {
      await using disk = await aDisk();
      for (let n = 1, said = ""; said === ""; n += 1) {
        said = await relinkWithFaults(disk, `-e trace=${call} -e inject=${call}:error=EIO:signal=SIGKILL:when=${n}`);
        const { ".onefold": _own, ...rest } = await readTree(disk.path("archive"));
        assert.deepEqual(rest, same);
        await using _archive = await openArchive(disk.path("archive"), { purpose: "test", program: "onefold 0" });
        assert.deepEqual(await readdir(disk.path("archive/.onefold/tmp")), []);
      }
      const { modified } = await standingAt(disk, "kept");
      const inodes = await Promise.all(["kept", "mine/first", "mine/last"].map((path) => inodeOf(disk, path)));
      assert.deepEqual([modified, new Set(inodes).size], [7n * second, 1]);
    });
  }
});
