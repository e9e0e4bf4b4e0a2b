/** What the tools really wrote about the tree of scripts/record-fixtures.sh. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { blake3 } from "@napi-rs/blake-hash";
import { type PathText, pathBytes } from "../model/path.ts";
import { pathsOf, type Read, read, reasons, recorded } from "../testing/results.ts";

const root = "/tmp/onefold-peers";
const below = (...names: readonly string[]) => names.map((name) => `${root}/${name}`).sort();

const first = below(
  "a/plain.txt",
  "a/new\\x0aline.txt",
  `a/quote"'s.txt`,
  "a/back\\x5cslash.txt",
  "a/emoji 😀.txt",
  "a/u\u0308 NFD.txt",
  "a/ blank in front",
  "a/escape\\x1b[31m.txt",
  "a/separator\\x1f.txt",
);
const firstRaw = [...first, ...below("raw/byte\\xff.txt", "raw/cut\\xe2\\x82.txt")].sort();
const second = below("a/deep/second.txt", "b/second copy.txt");
const third = below("a/third.bin", "b/third.bin", "b/third, linked.bin");
const empty = below("a/empty", "b/empty, too");

const blake3Of = (text: string) => blake3(text).toString("hex");
const hashes = {
  first: blake3Of("first\n"),
  second: blake3Of("second, and longer\n"),
  third: blake3Of("x".repeat(9_000)),
};

/** Groups as [agreement, size, seconds, hash, paths], by their sizes. */
function summary({ groups }: Read): unknown[] {
  const rows = groups.map(({ agreeIn, files }) => {
    const only = <Value>(values: readonly Value[]) => [...new Set(values)].join();
    const seconds = files.map(({ modified }) => (modified === null ? null : modified / 1_000_000_000n));
    const paths = files.map(({ path }) => path as string).sort();
    return [agreeIn, only(files.map(({ size }) => size)), only(seconds), only(files.map(({ hash }) => hash)), paths];
  });
  return rows.sort((a, b) => Number(a[1]) - Number(b[1]));
}

const group = (agreeIn: string, size: number | "", paths: readonly string[], hash = "", seconds = "") => {
  return [agreeIn, String(size), seconds, hash, paths];
};
const when = "1500000000";

describe("what czkawka 12.0.2 wrote", () => {
  const name = (rest: string) => recorded(`czkawka-12.0.2-${rest}`);
  const threeGroups = [
    group("content", 6, first, hashes.first, when),
    group("content", 19, second, hashes.second, when),
    group("content", 9000, third, hashes.third, when),
  ];

  for (const file of ["hash.json", "hash-pretty.json"]) {
    test(`${file}: by hash`, async () => {
      const result = await read(name(file));

      assert.deepEqual(summary(result), threeGroups);
      assert.deepEqual(result.completeness, { complete: true, why: null });
      assert.equal(result.detail, "czkawka 7 or newer, by BLAKE3 hash");
    });
  }

  test("with reference folders the reference file is one of the group", async () => {
    const result = await read(name("hash-reference.json"));

    assert.deepEqual(summary(result), [
      group("content", 19, second, hashes.second, when),
      group("content", 9000, [`${root}/a/third.bin`, result.groups[1]?.files[0]?.path as string], hashes.third, when),
    ]);
    assert.ok(third.includes(result.groups[1]?.files[0]?.path as string));
    assert.equal(result.detail, "czkawka 7 or newer, by BLAKE3 hash, with reference folders");
  });

  test("weak checksums are no hashes", async () => {
    for (const file of ["crc32.json", "xxh3.json"]) {
      const result = await read(name(file));
      assert.deepEqual(summary(result), [
        group("content", 6, first, "", when),
        group("content", 19, second, "", when),
        group("content", 9000, third, "", when),
      ]);
      assert.equal(result.detail, "czkawka 7 or newer, by CRC32 or XXH3 hash");
    }
  });

  test("files of equal size or name are candidates only", async () => {
    const named = below("a/third.bin", "b/third.bin");
    assert.deepEqual(summary(await read(name("size.json"))), [
      group("size", 6, first, "", when),
      group("size", 19, second, "", when),
      group("size", 9000, third, "", when),
    ]);
    assert.deepEqual(summary(await read(name("name.json"))), [group("name", 9000, named, "", when)]);
    assert.deepEqual(summary(await read(name("size-name.json"))), [group("size and name", 9000, named, "", when)]);
    for (const [file, agreeIn] of [
      ["size", "size"],
      ["name", "name"],
      ["size-name", "size and name"],
    ] as const) {
      const { groups, detail } = await read(name(`${file}-reference.json`));
      assert.deepEqual(new Set(groups.map((one) => one.agreeIn)), new Set([agreeIn]));
      assert.equal(detail, `czkawka 7 or newer, by ${agreeIn}, with reference folders`);
    }
  });

  test("nothing found is a complete result", async () => {
    for (const file of ["none.json", "none.txt"]) {
      const { groups, completeness, format } = await read(name(file));
      assert.deepEqual([groups, completeness.complete, format], [[], true, "czkawka"]);
    }
  });

  test("its JSON breaks off at a name that is no UTF-8, and that is noticed", async () => {
    const result = await read(name("cut.json"));

    assert.deepEqual(result.groups, []);
    assert.deepEqual(result.completeness, { complete: false, why: "it ends before its last bracket" });
  });

  test("text has neither hashes nor times", async () => {
    const result = await read(name("hash.txt"));

    assert.deepEqual(summary(result), [
      group("content", 6, first),
      group("content", 19, second),
      group("content", 9000, third),
    ]);
    assert.deepEqual(result.completeness, { complete: true, why: null });
    assert.deepEqual(
      summary(await read(name("size.txt"))).map((row) => (row as unknown[])[0]),
      ["size", "size", "size"],
    );
  });

  test("text of every search is read", async () => {
    const named = below("a/third.bin", "b/third.bin");
    assert.deepEqual(summary(await read(name("name.txt"))), [group("name", "", named)]);
    assert.deepEqual(summary(await read(name("size-name.txt"))), [group("size and name", "", named)]);
    for (const search of ["hash", "size", "name", "size-name"]) {
      const text = await read(name(`${search}-reference.txt`));
      const json = await read(name(`${search}-reference.json`));
      assert.deepEqual(pathsOf(text.groups), pathsOf(json.groups), search);
      assert.ok(text.completeness.complete);
    }
  });

  for (const [file, message] of [
    ["big.json", /list of big, empty or temporary files,/],
    ["big.txt", /something else than duplicates/],
    ["empty-folders.json", /list of words or numbers/],
  ] as const) {
    test(`${file} is refused`, async () => {
      await assert.rejects(read(name(file)), { name: "AppError", code: "IMPORT_NOT_UNDERSTOOD", exitCode: 2, message });
    });
  }
});

describe("what fclones 0.35.0 wrote", () => {
  const name = (rest: string) => recorded(`fclones-0.35.0-${rest}`);
  const groups = (agreeIn: string, has: Partial<typeof hashes & { empty: string }>) => [
    group(agreeIn, 0, empty, has.empty),
    group(agreeIn, 6, firstRaw, has.first),
    group(agreeIn, 19, second, has.second),
    group(agreeIn, 9000, third, has.third),
  ];

  test("hashes are taken only where its command says blake3", async () => {
    for (const file of ["blake3.json", "blake3.txt"]) {
      const result = await read(name(file));
      assert.deepEqual(summary(result), groups("content", { ...hashes, empty: blake3Of("") }), file);
      assert.ok(result.completeness.complete);
    }
    for (const file of ["metro.json", "metro.txt", "sha256.json"]) {
      assert.deepEqual(summary(await read(name(file))), groups("content", {}), file);
    }
  });

  test("with --skip-content-hash only parts agree", async () => {
    assert.deepEqual(summary(await read(name("skip.json"))), groups("parts", {}));
  });

  test("with --transform it is refused", async () => {
    await assert.rejects(read(name("transform.json")), { code: "IMPORT_NOT_UNDERSTOOD", message: /--transform/ });
  });
});

test("what rmlint 2.9.0 wrote, with names that are no UTF-8", async () => {
  const result = await read(recorded("rmlint-2.9.0.json"));

  assert.deepEqual(summary(result), [
    group("content", 0, empty, "", when),
    group("content", 6, firstRaw, "", when),
    group("content", 19, second, "", when),
    group("content", 9000, third, "", when),
  ]);
  assert.deepEqual(reasons(result), { folders: 1 });
  assert.deepEqual([result.detail, result.completeness.complete], ["rmlint 2.9.0", true]);
});

test("what jdupes 1.21.3 wrote", async () => {
  const result = await read(recorded("jdupes-1.21.3.json"));

  const [a, b] = [`${root}/a/third.bin`, result.groups.find(({ files }) => files[0]?.size === 9000)?.files[1]?.path];
  assert.deepEqual(summary(result), [
    group("content", 6, first),
    group("content", 19, second),
    group("content", 9000, [a, b as string].sort()),
  ]);
  assert.deepEqual([result.detail, result.completeness.complete], ["jdupes 1.21.3", true]);
});

test("what rdfind 1.5.0 wrote", async () => {
  for (const [file, withEmpty] of [
    ["rdfind-1.5.0.txt", false],
    ["rdfind-1.5.0-empty.txt", true],
  ] as const) {
    const result = await read(recorded(file));
    const [ofEmpty, , , ofThird] = summary(await read(recorded("rdfind-1.5.0-empty.txt")));
    const rows = [group("content", 6, firstRaw), group("content", 19, second), ofThird];
    assert.deepEqual(summary(result), withEmpty ? [ofEmpty, ...rows] : rows);
    assert.deepEqual(ofEmpty, group("content", 0, empty));
    assert.deepEqual(result.completeness, { complete: true, why: null });
  }
});

describe("what fdupes 2.2 wrote, and others like it", () => {
  for (const file of [
    "fdupes-2.2.0.txt",
    "fdupes-2.2.0-size-time.txt",
    "fdupes-2.2.0-sameline.txt",
    "fdupes-2.2.0-sameline-size-time.txt",
    "jdupes-1.21.3-size.txt",
    "rmlint-2.9.0-fdupes.txt",
    "yadf-1.5.2.txt",
  ]) {
    test(file, async () => {
      const result = await read(recorded(file));
      const groups = pathsOf(result.groups);

      assert.equal(result.format, "fdupes");
      assert.ok(groups.some((paths) => JSON.stringify(paths) === JSON.stringify(firstRaw)));
      assert.ok(groups.some((paths) => JSON.stringify(paths) === JSON.stringify(second)));
      assert.ok(groups.some((paths) => empty.every((path) => paths.includes(path))));
      assert.equal(groups.length, 4);
      assert.equal(result.completeness.complete, false, "nothing can prove it");
      const sizes = new Set(result.groups.flatMap(({ files }) => files.map(({ size }) => size)));
      if (file.includes("size")) assert.deepEqual(sizes, new Set([0, 6, 19, 9000]));
      else assert.deepEqual(sizes, new Set([null]));
    });
  }
});

test("the claimed paths are the bytes on the disk", async () => {
  const { groups } = await read(recorded("rmlint-2.9.0.json"));
  const bytes = groups.flatMap(({ files }) => files.map(({ path }) => pathBytes(path as PathText).toString("latin1")));

  assert.ok(bytes.includes(`${root}/raw/byte\xff.txt`));
  assert.ok(bytes.includes(`${root}/a/separator\x1f.txt`));
  assert.ok(bytes.includes(`${root}/a/new\nline.txt`));
});
