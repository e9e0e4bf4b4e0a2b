/** Versions and shapes that no czkawka installed here writes any more, and lists that are none of duplicates. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { pathsOf, read, reasons } from "../testing/results.ts";

const hash = "6f2a".repeat(16);
const other = "91bc".repeat(16);
const E = (
  path: string,
  { size = 10_000, modified = 1_697_000_000, is = hash }: { size?: number; modified?: number; is?: string } = {},
) => ({
  ...{ path, modified_date: modified, size, hash: is },
});
const json = JSON.stringify;
const refused = (document: unknown, message: RegExp) =>
  assert.rejects(read(typeof document === "string" ? document : json(document)), {
    ...{ name: "AppError", code: "IMPORT_NOT_UNDERSTOOD", exitCode: 2, message },
  });

describe("czkawka's JSON", () => {
  test("of 6.1 has other fields in another order", async () => {
    const entry = (path: string) =>
      `{"path":"${path}","size":10000,"modified_date":1697000000,"hash":"${hash}","symlink_info":null}`;
    const result = await read(`{"10000":[[${entry("/a")},${entry("/b")}]]}`);

    assert.deepEqual(pathsOf(result.groups), [["/a", "/b"]]);
    assert.equal(result.groups[0]?.files[0]?.hash, hash);
    assert.equal(result.detail, "czkawka 6.1, by BLAKE3 hash");
  });

  test("of 6.1 by size and name is but a bracket, and so incomplete", async () => {
    const result = await read("{");

    assert.deepEqual([result.format, result.groups, result.completeness.complete], ["czkawka", [], false]);
  });

  test("with two groups of one size", async () => {
    const result = await read(
      json({
        10000: [
          [E("/a"), E("/b")],
          [E("/c", { is: other }), E("/d", { is: other })],
        ],
      }),
    );

    assert.deepEqual(pathsOf(result.groups), [
      ["/a", "/b"],
      ["/c", "/d"],
    ]);
  });

  test("a name that is a number is no size", async () => {
    const { groups } = await read(json({ 123: [E("/a/123", { is: "" }), E("/b/123", { is: "", size: 7 })] }));

    assert.equal(groups[0]?.agreeIn, "name");
  });

  test("names like the keys of other formats are names", async () => {
    for (const key of ["name", "entries", "header", "groups", "matchSets", "__proto__", "constructor"]) {
      const result = await read(`{${json(key)}:${json([E("/a", { is: "" }), E("/b", { is: "" })])}}`);
      assert.deepEqual([result.format, result.groups[0]?.agreeIn], ["czkawka", "name"], key);
    }
  });

  test("time 0 is no time, and those before 1970 are", async () => {
    const { groups } = await read(json({ 10000: [[E("/a", { modified: 0 }), E("/b", { modified: -5 }), E("/c")]] }));

    assert.deepEqual(
      groups[0]?.files.map(({ modified }) => modified),
      [null, -5_000_000_000n, 1_697_000_000_000_000_000n],
    );
  });

  test("one path twice in a group is one file", async () => {
    const result = await read(json({ 10000: [[E("/a"), E("/b"), E("/a"), E("//b/")]] }));

    assert.deepEqual(pathsOf(result.groups), [["/a", "/b"]]);
    assert.deepEqual(reasons(result), { "files listed twice in a group": 1, folders: 1 });
  });

  test("empty documents are complete and empty", async () => {
    for (const document of ["{}", "[]", "\ufeff{}\r\n", " [ ] "]) {
      const { format, groups, completeness } = await read(document);
      assert.deepEqual([format, groups, completeness], ["czkawka", [], { complete: true, why: null }], json(document));
    }
  });

  for (const [what, entry] of Object.entries({
    "similar images": { path: "/a", size: 1, width: 1, height: 1, modified_date: 1, hash: [1, 2], difference: 3 },
    "similar videos": { path: "/a", size: 1, modified_date: 1, vhash: {}, error: "", fps: 25, width: 1, height: 1 },
    "similar music": { size: 1, path: "/a", modified_date: 1, fingerprint: [], track_title: "", bitrate: 1 },
    "broken files": { path: "/a", modified_date: 1, size: 1, errors: { Pdf: "x" } },
    "bad extensions": { path: "/a", modified_date: 1, size: 1, current_extension: "a", proper_extensions: "b" },
    "bad names": { path: "/a", modified_date: 1, size: 1, new_name: "b" },
    "invalid symbolic links": { path: "/a", size: 1, modified_date: 1, symlink_info: { destination_path: "/b" } },
    "big, empty or temporary files": { path: "/a", modified_date: 1 },
  })) {
    test(`of ${what} is refused`, async () => {
      for (const document of [[entry], [[entry, entry]], [[entry, [entry]]]]) {
        await refused(document, new RegExp(`is czkawka's list of ${what}, not of duplicates`));
      }
    });
  }
});

describe("czkawka's cache", () => {
  const cache = json([E("/a"), E("/b", { is: other })]);

  test("is a list of single files with hashes, if its name says so", async () => {
    const result = await read(cache, { file: "/home/me/.cache/czkawka/cache_duplicates_Blake3_120.json" });

    assert.deepEqual(
      result.groups.map(({ files }) => files.map(({ path, hash: its }) => [path, its])),
      [[["/a", hash]], [["/b", other]]],
    );
    assert.equal(result.detail, "czkawka 7 or newer, its cache");
  });

  test("of beginnings is refused", async () => {
    const file = "/home/me/.cache/czkawka/cache_duplicates_Blake3_prehash_120.json";
    await assert.rejects(read(cache, { file }), { code: "IMPORT_NOT_UNDERSTOOD", message: /beginnings of files/ });
  });

  test("under another name gives no hashes, as it may be one of beginnings", async () => {
    const result = await read(cache, { file: "/tmp/cache.json" });

    assert.deepEqual(
      result.groups.flatMap(({ files }) => files.map(({ hash: its }) => its)),
      [null, null],
    );
    assert.match(result.detail, /hashes are left/);
  });
});

describe("the list of entries with paths", () => {
  const entry = { size: 123_456, hash, paths: ["/mnt/share1/file.jpg", "/mnt/share2/other/file_copy.jpg"] };

  test("is read as the request shows it", async () => {
    const result = await read(json({ name: "Duplicates", entries: [entry, { ...entry, hash: "abcdef" }] }));

    assert.equal(result.format, "czkawka");
    assert.deepEqual(pathsOf(result.groups)[0], entry.paths);
    assert.deepEqual(
      result.groups.map(({ files }) => files[0]).map((file) => [file?.size, file?.hash]),
      [
        [123_456, hash],
        [123_456, null],
      ],
    );
    assert.deepEqual(result.completeness, { complete: true, why: null });
  });

  test("does not depend on the order of its fields", async () => {
    const { paths, size } = entry;
    const result = await read(
      json({
        entries: [
          { hash: hash.toUpperCase(), paths, size },
          { paths: ["/c", "/d"], hash: other, size },
        ],
        name: "x",
      }),
    );

    assert.deepEqual(
      result.groups.map(({ files }) => files.map((file) => [file.size, file.hash])),
      [
        [
          [size, hash],
          [size, hash],
        ],
        [
          [size, other],
          [size, other],
        ],
      ],
    );
  });

  test("is empty without entries, and not understood without the list", async () => {
    assert.deepEqual((await read('{"name":"Duplicates","entries":[]}')).groups, []);
    await refused({ name: "Duplicates" }, /nothing that czkawka writes/);
    await refused({ error: "not found", code: 404 }, /nothing that czkawka writes/);
  });

  test("sizes that are none leave the whole entry out", async () => {
    const result = await read(json({ name: "D", entries: [{ ...entry, size: -1 }, { ...entry, size: 1.5 }, entry] }));

    assert.equal(result.groups.length, 1);
    assert.deepEqual(reasons(result), { "sizes that are no number of bytes": 4 });
  });
});

describe("czkawka's text", () => {
  const rule = "-".repeat(49);
  const head = (search: string, groups: number, heading = "with excluded directories []") =>
    `Results of searching ["/x"] ${heading} and excluded items []\n${rule}Files with same ${search}${rule}\nFound 2 duplicated files which in ${groups} groups which takes 1 B.\n`;

  test("up to 6.1 has bare paths", async () => {
    const result = await read(
      `${head("hashes", 2)}\n---- Size 1 B (9) - 2 files\n/x/"a" \\ b\n/x/new\nline\n\n---- Size 1 B (1) - 2 files\n/x/c\n/x/d\n`,
    );

    assert.deepEqual(pathsOf(result.groups), [
      ['/x/"a" \\x5c b', "/x/new\\x0aline"],
      ["/x/c", "/x/d"],
    ]);
    assert.deepEqual(result.completeness, { complete: true, why: null });
  });

  const pathsIn = async (document: string) => {
    return (await read(document)).groups.flatMap(({ files }) => files.map(({ path }) => path));
  };

  test("of 7.0 has paths as Rust quotes them", async () => {
    const here = '\n---- Size 1 B (9) - 2 files \n"/x/\\"a\\" \\\\ b\\n"\n"/x/u\\u{308}"\n';
    const onWindows = '\n---- Size 1 B (9) - 2 files \n"Z:\\\\photos\\\\u.jpg"\n"\\\\\\\\nas\\\\u.jpg"\n';

    assert.deepEqual(await pathsIn(head("size", 1) + here), ['/x/"a" \\x5c b\\x0a', "/x/u\u0308"]);
    assert.deepEqual(await pathsIn(head("size", 1) + onWindows), [
      "Z:\\x5cphotos\\x5cu.jpg",
      "\\x5c\\x5cnas\\x5cu.jpg",
    ]);
  });

  test("since 8.0 quotes without escapes, also paths of Windows", async () => {
    const heading = "(reference directories []) with excluded directories []";
    const here = '\n---- Size 1 B (9) - 2 files\n"/x/a\\nb\\\\c"\n"/x/"\n\\\\d\n""\n';
    const onWindows = '\n---- Size 1 B (9) - 2 files\n"Z:\\new\\tom.jpg"\n"\\\\nas\\new.jpg"\n';

    assert.deepEqual(await pathsIn(head("hashes", 1, heading) + here), [
      "/x/a\\x5cnb\\x5c\\x5cc",
      '/x/"\\x0a\\x5c\\x5cd\\x0a"',
    ]);
    assert.deepEqual(await pathsIn(head("hashes", 1, heading) + onWindows), [
      "Z:\\x5cnew\\x5ctom.jpg",
      "\\x5c\\x5cnas\\x5cnew.jpg",
    ]);
  });

  test("some versions quote reference files the way of 7.0", async () => {
    const heading = '(reference directories ["/x"]) with excluded directories []';
    const result = await read(
      `${head("names in referenced folders", 1, heading)}Name - a - 1 files \nReference file - "/x/a \\"b\\" \\\\c"\n"/y/a \\c"\n\n`.replace(
        /names in referenced folders/,
        "names in referenced folders",
      ),
    );

    assert.deepEqual(
      result.groups[0]?.files.map(({ path }) => path),
      ['/x/a "b" \\x5cc', "/y/a \\x5cc"],
    );
    assert.match(result.detail, /with reference folders/);
  });

  test("with fewer groups than it says is incomplete", async () => {
    const result = await read(`${head("hashes", 2)}\n---- Size 1 B (9) - 2 files\n/x/a\n/x/b\n`);

    assert.deepEqual(result.completeness, { complete: false, why: "it says 2 groups and holds 1" });
  });

  test("a group with another number of files than it says is left out", async () => {
    const result = await read(
      `${head("hashes", 2)}\n---- Size 1 B (9) - 2 files\n/x/a\n/x/b\n/x/c\n\n---- Size 1 B (1) - 2 files\n/x/c\n/x/d\n`,
    );

    assert.deepEqual(pathsOf(result.groups), [["/x/c", "/x/d"]]);
    assert.deepEqual(reasons(result), { "groups whose number of files is not the one written": 3 });
  });

  test("of similar images is refused", async () => {
    await refused(
      'Results of searching ["/x"] with excluded items []\n3 images which have similar friends\n\n',
      /something else than duplicates/,
    );
  });
});
