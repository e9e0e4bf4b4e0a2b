import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { test } from "node:test";
import { type Household, household } from "../src/testing/household.ts";
import { neutralSurroundings, programLine } from "../src/testing/onefold.ts";

const noTerminal =
  spawnSync("script", ["--version"]).status === 0 ? false : "the program `script`, which makes a terminal, is not here";

/** What a person sees: standard output and error of a terminal, as one stream. */
async function onTerminal(
  home: Household,
  args: readonly string[],
): Promise<{ status: number | null; screen: string }> {
  const line = programLine(args).map((word) => `'${word.replaceAll("'", `'\\''`)}'`);
  const child = spawn("script", ["-qec", line.join(" "), "/dev/null"], {
    stdio: ["ignore", "pipe", "inherit"],
    cwd: home.disk.root,
    env: { ...neutralSurroundings(), ...home.environment },
  });
  let screen = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    screen += text;
  });
  await once(child, "close");
  return { status: child.exitCode, screen };
}

const photos = () => Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`${n}.jpg`, randomBytes(500_000)]));

test("on a terminal one line is drawn over and over: phase, files, bytes, rate; it is gone at the end", {
  skip: noTerminal,
}, async () => {
  await using home = await household({ phone: { DCIM: photos(), "\\x1b]0;owned\\x07.txt": "a name that plays" } });
  const { status, screen } = await onTerminal(home, ["run", ...home.places]);

  assert.equal(status, 0, screen);
  const drawn = screen.split("\r\x1b[K");
  assert.ok(
    drawn.some((line) =>
      /^(looking through folders|deciding): [\d,]+ files, [\d,]+ files\/s|^looking through folders …$/.test(line),
    ),
    screen,
  );
  assert.ok(
    drawn.some((line) => /^copying: [\d,]+ of 41 files, .* of 20 MB, .*\/s/.test(line)),
    screen,
  );
  assert.match(drawn.at(-1) ?? "", /Done: every content of every source is in the archive/);
  assert.ok(
    drawn.slice(0, -1).every((line) => !line.includes("\n")),
    "each line is wiped before the next",
  );
  assert.doesNotMatch(screen.replaceAll("\r\x1b[K", ""), /[\x00-\x09\x0b\x0c\x0e-\x1f\x7f]/);
});

test("with --quiet a terminal stays empty", { skip: noTerminal }, async () => {
  await using home = await household({ phone: { "a.txt": "a" } });

  assert.deepEqual(await onTerminal(home, ["run", "--quiet", ...home.places]), { status: 0, screen: "" });
});

test("where there is no terminal, a short run says its summary and nothing else", async () => {
  await using home = await household({ phone: { "a.txt": "aaaa", "b.txt": "aaaa" }, laptop: { "c.txt": "c" } });
  const { stdout, stderr } = await home.onefold(["run", ...home.places]);

  assert.equal(stderr, "");
  assert.match(stdout, /^Found +3 files, 9 bytes \(3 new\)$/m);
  assert.match(stdout, /^Duplicates +1 file in 1 group .*: 4 bytes/m);
  assert.match(stdout, /^Copied +2 files, 5 bytes/m);
  assert.match(stdout, /^Linked +3 names/m);
  assert.match(stdout, /^Problems +none$/m);
});

test("with --quiet even the summary is left out; problems are not", async () => {
  await using home = await household({ phone: { "a.txt": "a" } });
  const run = await home.onefold(["run", "-q", ...home.places]);
  const refused = await home.onefold(["run", "-q", "--source", "/nowhere", "--archive", home.path("archive")]);

  assert.deepEqual([run.status, run.stdout, run.stderr], [0, "", ""]);
  assert.match(refused.stderr, /^error: /);
});

test("status and history are for people, too", async () => {
  await using home = await household({ phone: { "a.txt": "a", "b.txt": "b" }, laptop: {} });
  await home.onefold(["scan", ...home.places]);
  const before = await home.onefold(["status"]);
  await home.run();
  const after = await home.onefold(["status"]);
  const history = await home.onefold(["history"]);

  assert.match(before.stdout, /^Source phone: .*\n {2}2 files, 2 bytes\n {2}not in the archive: 2 files, 2 bytes$/m);
  assert.match(after.stdout, /^Source phone: .*\n {2}2 files, 2 bytes\n {2}all in the archive$/m);
  assert.match(after.stdout, /^Archive: .*\n {2}2 contents, 2 bytes$/m);
  assert.match(
    history.stdout,
    /^\d{8}-\d{6}-[0-9a-f]{4} {2}run +complete .*\n\d{8}-\d{6}-[0-9a-f]{4} {2}scan +complete /,
  );
});
