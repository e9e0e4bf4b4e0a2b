import assert from "node:assert/strict";
import { readdir, rm, symlink } from "node:fs/promises";
import { describe, test } from "node:test";
import { type Household, household, snapshot } from "../src/testing/household.ts";
import { documentsOf, type Ended, onefold } from "../src/testing/onefold.ts";

/** One line says what is wrong, others perhaps in detail, one what to do; with --json the last line of the result says the same. */
function refusedWith(ended: Ended, status: number, code: string): string {
  assert.equal(ended.status, status, ended.stderr);
  assert.match(ended.stderr, new RegExp(`^error: [^\n]+ \\[${code}\\]\n(?:  [^\n]+\n)*  hint: [^\n]+\n$`));
  if (ended.stdout !== "") {
    const { error } = documentsOf<{ error: { code: string; message: string; hint: string } }>(ended).at(-1) ?? {};
    assert.equal(error?.code, code);
  }
  return ended.stderr;
}

describe("sources and archives that cannot be", () => {
  const run = async (home: Household, source: string[], archive = home.path("archive") as string) => {
    const before = await snapshot(home.disk.root);
    const ended = await home.onefold([
      "run",
      "--json",
      ...source.flatMap((one) => ["--source", one]),
      "--archive",
      archive,
    ]);
    assert.deepEqual(await snapshot(home.disk.root), before, "something was touched");
    return ended;
  };

  test("are refused before anything is touched", async () => {
    await using home = await household({ phone: { a: { "a.txt": "a" } }, laptop: { "b.txt": "b" } });
    const { path } = home;
    const file = path("laptop/b.txt");

    refusedWith(await run(home, [path("nowhere")]), 4, "ROOT_NOT_FOUND");
    refusedWith(await run(home, [path("phone")], path("nowhere")), 4, "ROOT_NOT_FOUND");
    refusedWith(await run(home, [file]), 4, "ROOT_NOT_A_FOLDER");
    refusedWith(await run(home, [path("phone")], file), 4, "ROOT_NOT_A_FOLDER");
    refusedWith(await run(home, [path("phone")], path("phone")), 2, "ROOTS_OVERLAP");
    refusedWith(await run(home, [path("phone")], path("phone/a")), 2, "ROOTS_OVERLAP");
    refusedWith(await run(home, [path("phone/a")], path("phone")), 2, "ROOTS_OVERLAP");
    refusedWith(await run(home, [`one=${path("phone")}`, `two=${path("phone/a")}`]), 2, "ROOTS_OVERLAP");
    refusedWith(await run(home, [`one=${path("phone")}`, `two=${path("phone")}`]), 2, "CONFIG_INVALID");
    refusedWith(await run(home, [`x=${path("phone")}`, `x=${path("laptop")}`]), 2, "CONFIG_INVALID");
    refusedWith(await run(home, [`X=${path("phone")}`, `x=${path("laptop")}`]), 2, "CONFIG_INVALID");
    refusedWith(await run(home, ["=x"]), 2, "CONFIG_INVALID");
    refusedWith(await run(home, [path("laptop")], ""), 2, "CONFIG_INVALID");
  });

  test("are recognised behind symbolic links", async () => {
    await using home = await household({ phone: { a: { "a.txt": "a" } } });
    await symlink(home.path("phone"), home.path("state/phone-too"));

    refusedWith(await run(home, [home.path("phone")], home.path("state/phone-too")), 2, "ROOTS_OVERLAP");
    refusedWith(
      await run(home, [`a=${home.path("phone")}`, `b=${home.path("state/phone-too/a")}`]),
      2,
      "ROOTS_OVERLAP",
    );
  });

  test("of which one is missing leave the others alone, too", async () => {
    await using home = await household({ phone: { "a.txt": "a" }, laptop: { "b.txt": "b" } });
    await home.run();
    await rm(home.path("laptop"), { recursive: true });
    const before = await snapshot(home.path("archive"));

    refusedWith(await home.onefold(["run", ...home.places]), 4, "ROOT_NOT_FOUND");
    assert.deepEqual(await snapshot(home.path("archive")), before);
  });
});

test("nothing to work on is said so", async () => {
  await using home = await household({ phone: {} });

  refusedWith(await home.onefold(["run", "--archive", home.path("archive")]), 2, "NO_SOURCE");
  refusedWith(await home.onefold(["run", "--source", home.path("phone")]), 2, "NO_ARCHIVE");
  refusedWith(await home.onefold(["scan", "nas", ...home.places]), 2, "NO_SUCH_SOURCE");
  refusedWith(await home.onefold(["history", "19700101"]), 2, "NO_SUCH_RUN");
});

test("an empty source is no error", async () => {
  await using home = await household({ phone: {}, laptop: { "a.txt": "a" } });
  const { scan, consolidate } = await home.run();

  assert.deepEqual([scan.files, consolidate.copiedFiles], [1, 1]);
});

test("all that is wrong with a config is told at once, each with its key and line; nothing is touched", async () => {
  await using home = await household({ phone: { "a.txt": "a" } });
  const wrong = `databse = "x"
[archive]
path = 3
[archive.layout]
photo = "photos/{yyyyy}/{name}"
video = "../{name}"
[[source]]
path = "phone"
mount = "always"
excludes = ["x"]
[keep]
rules = ["biggest"]
[scan]
threads = -1
`;
  await home.write("onefold.toml", wrong);
  const before = await snapshot(home.disk.root);
  const said = refusedWith(await home.onefold(["run"]), 2, "CONFIG_INVALID");

  for (const [line, key] of [
    [1, "databse"],
    [3, "archive.path"],
    [5, "archive.layout.photo"],
    [6, "archive.layout.video"],
    [9, "source.mount"],
    [10, "source.excludes"],
    [12, "keep.rules"],
    [14, "scan.threads"],
  ] as const) {
    assert.match(said, new RegExp(`^  onefold\\.toml:${line}: ${key}: `, "m"));
  }
  assert.deepEqual(await snapshot(home.disk.root), before);
});

test("a config that is no TOML, or not there, is named", async () => {
  await using home = await household({ phone: {} });
  await home.write("broken.toml", "[archive\npath=");

  assert.match(
    refusedWith(await home.onefold(["status", "--config", "broken.toml"]), 2, "CONFIG_INVALID"),
    /broken\.toml:1/,
  );
  assert.match(refusedWith(await home.onefold(["status", "--config", "no.toml"]), 2, "CONFIG_INVALID"), /no\.toml/);
});

test("init writes a config that works once its paths are right, and never over one that is there", async () => {
  await using home = await household({ phone: { "a.txt": "a" } });
  assert.equal((await home.onefold(["init"])).status, 0);

  refusedWith(await home.onefold(["init"]), 2, "CONFIG_NOT_WRITTEN");
  refusedWith(await home.onefold(["run"]), 4, "ROOT_NOT_FOUND");
});

test("a command line that cannot be understood ends with 2 and says where help is", async () => {
  for (const args of [
    ["rum"],
    ["run", "--dry-rum"],
    ["run", "extra"],
    ["duplicates", "--min-size", "big"],
    ["where"],
  ]) {
    refusedWith(await onefold(args), 2, "USAGE");
  }
  const { status, stderr } = await onefold([]);
  assert.equal(status, 2);
  assert.match(stderr, /^Usage: onefold .*\nerror: no command is given \[USAGE\]\n {2}hint: [^\n]+\n$/s);
});

test("help and version need no config, no database and no folder", async () => {
  await using home = await household({ phone: {} });
  const env = { ONEFOLD_DATABASE: "postgres://nobody@127.0.0.1:1/nothing", ONEFOLD_CONFIG: "/nowhere.toml" };
  for (const args of [["--help"], ["run", "--help"], ["--version"], ["database", "serve", "--help"]]) {
    const { status, stdout, stderr } = await home.onefold(args, { env });
    assert.deepEqual([status, stderr], [0, ""]);
    assert.ok(stdout.length > 4);
  }
  const { stdout } = await home.onefold(["run", "--help"], { env });
  assert.match(stdout, /Exit status:\n {2}0 .*\n {2}130 /s);
  assert.deepEqual(await readdir(home.path("state")), []);
});

test("with --json standard output carries JSON only, also when all goes wrong", async () => {
  await using home = await household({ phone: {} });
  const ended = await home.onefold(["run", "--json", "--source", "/nowhere", "--archive", home.path("archive")]);
  const [only, ...others] = documentsOf<{ error: { code: string; message: string; hint: string } }>(ended);

  assert.deepEqual(others, []);
  assert.equal(only?.error.code, "ROOT_NOT_FOUND");
  assert.ok(only?.error.message.includes("/nowhere") && only.error.hint.length > 0);
});

test("a reader that goes away early is no bug", async () => {
  await using home = await household({
    phone: Object.fromEntries(Array.from({ length: 3000 }, (_, n) => [`${n}.txt`, ""])),
  });
  await home.onefold(["scan", ...home.places]);
  const running = home.start(["plan", "--json", ...home.places]);
  running.child.stdout?.destroy();
  const { stderr } = await running.ended;

  assert.doesNotMatch(stderr, /BUG|EPIPE|Unhandled/);
});
