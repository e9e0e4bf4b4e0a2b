/** What programs use, seen from outside. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { temporaryFolder } from "../src/testing/folder.ts";
import { hasStrace } from "../src/testing/programs.ts";
import { type Command, CommandFailed, run } from "./command.ts";
import { measureResources } from "./resources.ts";
import { ReadCounter, traceReads } from "./trace.ts";

const nodeCommand = (folder: string, code: string): Command => {
  return { program: process.execPath, args: ["-e", code], output: join(folder, "said") };
};

describe("a command that is watched", () => {
  test("is seen with the time and the memory of its children", async () => {
    await using folder = await temporaryFolder();
    const work =
      "const b = Buffer.alloc(60e6, 1); const end = process.cpuUsage().user + 3e5; while (process.cpuUsage().user < end);";
    const code = `require("child_process").spawnSync(process.execPath, ["-e", ${JSON.stringify(work)}])`;
    const used = await measureResources(nodeCommand(folder.path, code), 20);
    assert.ok(used.cpuSeconds > 0.3 && used.cpuSeconds < 5, `${used.cpuSeconds} s`);
    assert.ok(used.memory > 60e6 && used.memory < 400e6, `${used.memory} bytes`);
    assert.equal(used.databaseMemory, 0);
  });

  test("that fails is an error with what it said", async () => {
    await using folder = await temporaryFolder();
    const command = nodeCommand(folder.path, "console.error('error: no such luck'); process.exit(3)");
    const expected = (error: Error) => error instanceof CommandFailed && /status 3.*no such luck/.test(error.message);
    await assert.rejects(run(command), expected);
    await assert.rejects(measureResources(command, 20), expected);
  });
});

describe("what is read of a tree", () => {
  test("is counted, and nothing else", { skip: hasStrace() ? false : "strace does not work here" }, async () => {
    await using folder = await temporaryFolder();
    writeFileSync(join(folder.path, "file"), Buffer.alloc(10_000));
    const code = `const fs = require("fs"), fd = fs.openSync("file"), b = Buffer.alloc(4000);
      fs.readFileSync("/proc/self/status"); while (fs.readSync(fd, b) > 0);`;
    const reads = await traceReads({ ...nodeCommand(folder.path, code), cwd: folder.path }, [folder.path]);
    assert.deepEqual(reads, { calls: 4, bytes: 10_000 });
  });

  test("is counted where calls interrupt one another", () => {
    const counter = new ReadCounter(["/t"]);
    for (const line of [
      '10 read(3</t/a>, ""..., 4096) = 4096',
      "10 read(3</t/b>,  <unfinished ...>",
      "11 pread64(4</elsewhere>,  <unfinished ...>",
      '11 <... pread64 resumed>""..., 100, 0) = 77',
      '10 <... read resumed>""..., 4096) = 12',
      "10 read(3</t/b>, 0x7f, 4096) = -1 EIO (Input/output error)",
      '10 read(5</tmp/x>, ""..., 9) = 9',
      "10 copy_file_range(3</t/a>, [0], 4</x>, NULL, 99, 0) = 50",
    ]) {
      counter.take(line);
    }
    assert.deepEqual(counter.counted(), { calls: 4, bytes: 4096 + 12 + 50 });
  });
});
