import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { chmod, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import fc from "fast-check";
import { type Household, household } from "../src/testing/household.ts";
import { documentOf, documentsOf, type ListedGroup, onefold, type Summary } from "../src/testing/onefold.ts";
import { smallDisk } from "../src/testing/small-disk.ts";

const missing = spawnSync("czkawka_cli", ["--version"]).status !== 0 && "czkawka_cli is not installed";
const runs = Number(process.env["ONEFOLD_PROPERTY_RUNS"] ?? 2);

async function groupsOf(home: Household, engine: string): Promise<unknown> {
  const ended = await home.onefold(["scan", "--json", "--engine", engine, ...home.places]);
  assert.equal(ended.status, 0, ended.stdout + ended.stderr);
  const { duplicates } = documentOf<Summary>(ended);
  const groups = documentsOf<ListedGroup>(await home.onefold(["duplicates", "--json", ...home.places]));
  return { duplicates, groups };
}

describe("scan --engine czkawka", { skip: missing }, () => {
  // Short, for the counterexamples; the trees hold what `atLength` makes of them.
  const content = fc.constantFrom("", "a", "b", "9000 x", "9000 y", "300000 z");
  const folder = fc.dictionary(fc.constantFrom("a.jpg", "b.txt", "c d", "\u00fc", ".hidden"), content, {
    maxKeys: 5,
    noNullPrototype: true,
  });

  test("finds the same as onefold's own engine, whatever the sources hold", async () => {
    await fc.assert(
      fc.asyncProperty(fc.record({ phone: folder, disk: folder, usb: folder }), async (drawn) => {
        const trees = mapValues(drawn, (files) => mapValues(files, atLength));
        await using one = await household(trees);
        const found = await groupsOf(one, "onefold");
        await using other = await household(trees);
        const claimed = await groupsOf(other, "czkawka");
        assert.deepEqual(withoutTimes(claimed), withoutTimes(found));
        await other.run();
        assert.deepEqual(withoutTimes(await groupsOf(other, "onefold")), withoutTimes(found));
      }),
      { numRuns: runs, endOnFailure: true },
    );
  });

  test("loses no duplicates whose inode numbers agree across mounts, as czkawka_cli by itself does", async (t) => {
    await using one = await smallDisk(8);
    await using other = await smallDisk(8);
    if (one === null || other === null) return t.skip("takes root and loop devices");
    const bytes = Buffer.alloc(20_000, "photo");
    for (const { root } of [one, other]) await writeFile(join(root, "a.jpg"), bytes);
    assert.equal((await stat(join(one.root, "a.jpg"))).ino, (await stat(join(other.root, "a.jpg"))).ino);
    await using home = await household({});
    const alone = join(home.disk.root, "alone.json");
    const search = ["dup", "-H", "-d", one.root, "-d", other.root, "--compact-file-to-save", alone];
    spawnSync("czkawka_cli", search, { env: { ...process.env, HOME: home.path("home") } });
    assert.equal(execFileSync("cat", [alone], { encoding: "utf8" }), "{}", "czkawka_cli finds them by now");

    const places = ["--source", `one=${one.root}`, "--source", `other=${other.root}`];
    const ended = await home.onefold(["scan", "--json", "--engine", "czkawka", ...places]);

    assert.deepEqual(documentOf<Summary>(ended).duplicates, { groups: 1, files: 1, bytes: 20_000 });
  });
});

describe("a czkawka_cli that cannot do it is named", () => {
  const scanWith = async (script: string | null) => {
    await using home = await household({ phone: { "a.txt": "a" } });
    const command = home.path("czkawka");
    if (script !== null) {
      await writeFile(command, `#!/bin/sh\ncase "$1" in --version) echo "czkawka_cli 9.0.0"; exit;; esac\n${script}\n`);
      await chmod(command, 0o755);
    }
    await home.write("onefold.toml", `[czkawka]\ncommand = "${command}"\n[[source]]\npath = "${home.path("phone")}"\n`);
    const { status, stderr } = await onefold(["scan", "--engine", "czkawka"], {
      cwd: home.disk.root,
      env: home.environment,
    });
    return `${status} ${stderr}`;
  };

  for (const [what, script, expected] of [
    ["that is not there", null, /^2 error: .*\[CZKAWKA_NOT_FOUND\]\n {2}hint: .*cargo install/],
    [
      "that knows not all options",
      "echo 'error: unexpected argument -L found' >&2; exit 2",
      /^5 error: .*options \[CZKAWKA_FAILED\]\n {2}hint: .*unexpected argument -L/,
    ],
    ["that is killed for lack of memory", "kill -9 $$", /^5 error: .*SIGKILL.*\[CZKAWKA_KILLED\]\n {2}hint: .*memory/],
    [
      "that finds no folder",
      "echo 'Cannot start scan, because all included paths do not exist'",
      /^5 error: .*no folder.*\[CZKAWKA_FAILED\]/,
    ],
    ["that writes nothing", "exit 0", /^5 error: .*\[CZKAWKA_FAILED\]/],
  ] as const) {
    test(what, async () => assert.match(await scanWith(script), expected));
  }

  test("that is too old", async () => {
    await using home = await household({ phone: {} });
    await writeFile(home.path("old"), "#!/bin/sh\necho 'czkawka_cli 5.1.0'\n", { mode: 0o755 });
    await home.write("onefold.toml", `[czkawka]\ncommand = "${home.path("old")}"\n[[source]]\npath = "phone"\n`);
    const { status, stderr } = await home.onefold(["scan", "--engine", "czkawka"]);

    assert.equal(status, 2);
    assert.match(stderr, /is version 5\.1\.0; 6\.1 or newer is needed \[CZKAWKA_TOO_OLD\]/);
  });
});

function atLength(content: string): string {
  const [, length, letter = ""] = /^(\d+) (.)$/.exec(content) ?? [];
  return length === undefined ? content : letter.repeat(Number(length));
}

function mapValues<From, To>(record: Readonly<Record<string, From>>, change: (value: From) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}

/** Two households write their files at different times, and only one of them has an archive with entries. */
function withoutTimes(found: unknown): unknown {
  return JSON.parse(JSON.stringify(found), (key, value: unknown) => {
    return ["mtime", "original", "entry"].includes(key) ? undefined : value;
  });
}
