import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { type Household, household } from "../src/testing/household.ts";
import { documentOf, neutralSurroundings, programLine, type Summary } from "../src/testing/onefold.ts";
import { hasStrace } from "../src/testing/programs.ts";

const skip = hasStrace() ? false : "strace is not here, or may not trace";

/** Runs the program while reading one file of a source meets a fault; the other files can be read. */
async function runWithFault(home: Household, file: string, fault: string, more: readonly string[] = []) {
  const calls = "read,pread64,readv,preadv";
  const faults = ["-P", home.path(file), "-e", `trace=${calls}`, "-e", `inject=${calls}:${fault}`];
  const line = [...programLine(["run", "--json", ...home.places, ...more])];
  // -D: the child is the program itself, and strace its grandchild.
  const child = spawn("strace", ["-D", "-f", "-qq", "-o", "/dev/null", "--seccomp-bpf", ...faults, ...line], {
    cwd: home.disk.root,
    env: { ...neutralSurroundings(), ...home.environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (data: Buffer) => {
    stdout += data.toString();
  });
  child.stderr.on("data", (data: Buffer) => {
    stderr += data.toString();
  });
  const closed = new Promise<number | null>((resolve) => child.on("close", resolve));
  const statusOf = (field: string) => fieldOf(child.pid ?? 0, field);
  let tracer = "0";
  while (child.exitCode === null && statusOf("State") !== "Z" && statusOf("State") !== "") {
    tracer = statusOf("TracerPid") || tracer;
    await delay(50);
  }
  // It has ended. What still waits is the thread that strace holds: a share would let it go.
  if (fault.startsWith("delay") && child.exitCode === null && Number(tracer) > 0)
    process.kill(Number(tracer), "SIGKILL");
  const status = await closed;
  return { status, stderr, summary: () => documentOf<Summary>({ status, stdout, stderr, signal: null }) };
}

/** A field of /proc/PID/status, its first word; "" if there is no such process. */
function fieldOf(pid: number, name: string): string {
  try {
    const [, value = ""] =
      new RegExp(`^${name}:\\s*(\\S+)`, "m").exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    return value;
  } catch {
    return "";
  }
}

const sources = {
  nas: { "a.txt": "first of the nas", "b.txt": "second of the nas", "c.txt": "third of the nas, too" },
  laptop: { "d.txt": "of the laptop", "e.txt": "of the laptop as well", "copy.txt": "third of the nas, too" },
};

describe("a source that goes away in the middle", { skip }, () => {
  test("while it is copied is told once; the others are archived, and with status 5 the run asks to be repeated", async () => {
    await using home = await household(sources);
    const { status, stderr, summary } = await runWithFault(home, "nas/a.txt", "error=EHOSTDOWN");

    assert.equal(status, 5, stderr);
    const { status: said, problems, consolidate } = summary();
    assert.equal(said, "incomplete");
    assert.deepEqual(
      problems.map(({ source, path, code }) => [source, path, code]),
      [["nas", "", "SOURCE_LOST"]],
    );
    assert.match(problems[0]?.message ?? "", /server of the share is down; \d files? known of it not in the archive/);
    assert.equal(consolidate.failed, 0);
    const { files } = Object(await home.archived());
    assert.equal(files["d.txt"], "of the laptop");
    assert.ok(
      Object.values(files).includes("third of the nas, too"),
      "what another source holds as well is archived from there",
    );
    const after = await home.run();
    assert.deepEqual([after.scan.missing, after.problems], [0, []]);
    assert.equal(Object(await home.archived()).files["a.txt"], "first of the nas");
  });

  test("while it is compared makes none of its files count as gone", async () => {
    await using home = await household({
      nas: { "a.txt": "same size 1", "b.txt": "same size 2" },
      laptop: { "c.txt": "same size 3", "d.txt": "same size 3" },
    });
    const { status, stderr, summary } = await runWithFault(home, "nas/a.txt", "error=ENOTCONN");

    assert.equal(status, 5, stderr);
    const { problems, scan } = summary();
    assert.deepEqual(
      problems.map(({ code }) => code),
      ["SOURCE_LOST"],
    );
    assert.equal(scan.missing, 0);
    assert.equal(Object(await home.archived()).files["c.txt"], "same size 3");
    assert.equal((await home.run()).scan.missing, 0);
  });

  test("by not answering any more is left behind, and the program ends", async () => {
    await using home = await household(sources);
    await home.write("onefold.toml", "[scan]\nstall-seconds = 5\n");
    const started = performance.now();
    const { status, stderr, summary } = await runWithFault(home, "nas/b.txt", "delay_enter=600000000");

    assert.equal(status, 5, stderr);
    assert.ok(performance.now() - started < 300_000);
    const { problems } = summary();
    assert.deepEqual(
      problems.map(({ source, code }) => [source, code]),
      [["nas", "SOURCE_LOST"]],
    );
    assert.match(problems[0]?.message ?? "", /does not answer for 5 s/);
    assert.equal(Object(await home.archived()).files["d.txt"], "of the laptop");
    assert.equal((await home.run()).status, "complete");
  });
});

test("a file with an error of its own is listed, and its source read on", { skip }, async () => {
  await using home = await household(sources);
  const { status, stderr, summary } = await runWithFault(home, "nas/a.txt", "error=EIO");

  assert.equal(status, 3, stderr);
  assert.deepEqual(
    summary().problems.map(({ path, code }) => [path, code]),
    [["a.txt", "EIO"]],
  );
  assert.equal(Object(await home.archived()).files["b.txt"], "second of the nas");
});
