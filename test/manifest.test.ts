import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, test } from "node:test";
import { blake3 } from "@napi-rs/blake-hash";
import { type Household, household } from "../src/testing/household.ts";
import { documentsOf } from "../src/testing/onefold.ts";

const hashOf = (content: string) => blake3(content).toString("hex");
const hasB3sum = spawnSync("b3sum", ["--version"]).status === 0;

const manifest = (home: Household, ...more: string[]) =>
  home.onefold(["manifest", "--archive", home.path("archive"), ...more]);

const sources = {
  phone: {
    "a.txt": "one",
    "b c.txt": "one",
    "back\\x5cslash.txt": "two",
    "two\\x0alines.txt": "three",
    "ret\\x0durn.txt": "four",
    "  spaces  ": "five",
    "-": "six",
  },
};

describe("the manifest of an archive", () => {
  test("has a line for every file, with its names as raw bytes and in their order", async () => {
    await using home = await household(sources);
    await home.run();
    const { status, stdout, stderr } = await manifest(home);

    assert.equal(status, 0, stderr);
    const files = [
      ["  spaces  ", "five"],
      ["-", "six"],
      ["a.txt", "one"],
      ["b c.txt", "one"],
      ["back\\\\slash.txt", "two"],
      ["ret\\rurn.txt", "four"],
      ["two\\nlines.txt", "three"],
    ] as const;
    const lines = (folder: string) =>
      files.map(([name, content]) => `${name.includes("\\") ? "\\" : ""}${hashOf(content)}  ${folder}/${name}\n`);
    const entries = lines("files").filter((line) => !line.endsWith("/b c.txt\n"));
    assert.equal(stdout, [...lines("by-source/phone"), ...entries].join(""));
    assert.equal((await manifest(home, "--entries")).stdout, entries.join(""));
  });

  test("is accepted by b3sum --check", { skip: hasB3sum ? false : "b3sum is not installed" }, async () => {
    await using home = await household(sources);
    await home.run();
    const { stdout } = await manifest(home);
    const checked = spawnSync("b3sum", ["--check", "-"], {
      cwd: home.path("archive"),
      input: stdout,
      encoding: "utf8",
    });

    assert.equal(checked.status, 0, checked.stdout + checked.stderr);
    assert.equal(checked.stdout.split("\n").filter((line) => line.endsWith(": OK")).length, 13);
  });

  test("as JSON has a document for every file, with its path as paths are written everywhere", async () => {
    await using home = await household({ phone: { "caf\\xe9.txt": "latin", "z.txt": "two" } });
    await home.run();
    const ended = await manifest(home, "--entries", "--json");

    assert.equal(ended.status, 0, ended.stderr);
    assert.deepEqual(documentsOf(ended), [
      { hash: hashOf("latin"), path: "files/caf\\xe9.txt", size: 5 },
      { hash: hashOf("two"), path: "files/z.txt", size: 3 },
    ]);
  });

  test("sorts by the bytes of names, not by how they are written here", async () => {
    // As text the backslash of \\xff comes before the z, the byte after it.
    await using home = await household({ phone: { "a\\xff": "1", az: "22", "a\\x01": "333", aé: "4444" } });
    await home.run();
    const paths = documentsOf<{ path: string }>(await manifest(home, "--entries", "--json")).map(({ path }) => path);

    assert.deepEqual(paths, ["files/a\\x01", "files/az", "files/aé", "files/a\\xff"]);
  });

  test("says which names b3sum could not check, and ends with 3", async () => {
    await using home = await household({ phone: { "caf\\xe9.txt": "latin", "odd \ufffd.txt": "odd", "z.txt": "two" } });
    await home.run();
    const { status, stdout, stderr } = await manifest(home, "--entries");

    assert.equal(status, 3);
    assert.equal(stdout, `${hashOf("two")}  files/z.txt\n`);
    assert.match(stderr, /left out: files\/caf\\xe9\.txt: b3sum cannot check/);
    assert.match(stderr, /left out: files\/odd \ufffd\.txt: /);
  });

  test("says which files nobody has read, and ends with 3", async () => {
    await using home = await household(
      { phone: { "a.txt": "one" } },
      { archive: { mine: { "b.txt": "alone in size" } } },
    );
    await home.run();
    const { status, stdout, stderr } = await manifest(home);

    assert.equal(status, 3);
    assert.equal(stdout.split("\n").length, 3);
    assert.match(stderr, /left out: mine\/b\.txt: nobody has read it yet\n {2}hint: /);
  });

  test("needs an archive that is known", async () => {
    await using home = await household({ phone: {} });
    const { status, stderr } = await home.onefold(["manifest"]);

    assert.equal(status, 2);
    assert.match(stderr, /\[NO_ARCHIVE\]/);
  });
});
