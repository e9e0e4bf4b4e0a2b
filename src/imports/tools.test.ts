/** What fclones, rmlint, jdupes, rdfind and fdupes may write besides what is recorded. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { pathsOf, read, reasons } from "../testing/results.ts";

const hash = "6f2a".repeat(16);
const json = JSON.stringify;

describe("fclones", () => {
  const group = { file_len: 5, file_hash: hash, files: ["/a", "/b"] };
  const report = (...command: readonly string[]) => json({ header: { version: "0.30.0", command }, groups: [group] });
  const hashOf = async (document: string) => (await read(document)).groups[0]?.files[0]?.hash ?? null;

  test("hashes are BLAKE3 only if the command says so, and once", async () => {
    assert.equal(await hashOf(report("fclones", "group", "--hash-fn", "blake3", "/")), hash);
    assert.equal(await hashOf(report("fclones", "group", "--hash-fn=blake3", "/")), hash);
    for (const command of [
      ["fclones", "group", "/"],
      ["fclones", "group", "--hash-fn", "sha256"],
      ["fclones", "group", "--hash-fn blake3"],
      ["fclones", "group", "/blake3", "--hash-fn", "sha3-256", "blake3"],
      ["fclones", "group", "--hash-fn", "blake3", "--hash-fn", "sha256"],
      ["fclones", "group", "--hash-fn", "blake3", "--skip-content-hash"],
    ]) {
      assert.equal(await hashOf(report(...command)), null, command.join(" "));
    }
  });

  test("hashes are none if the header comes after the groups", async () => {
    const header = { command: ["fclones", "group", "--hash-fn", "blake3"] };
    const result = await read(json({ groups: [group], header }));

    assert.deepEqual([result.format, result.groups[0]?.files[0]?.hash], ["fclones", null]);
  });

  test("text of 0.12 tells its groups in other words", async () => {
    const lines = [
      "# Report by fclones 0.12.0",
      "# Command: fclones group .",
      "# Found 1 file groups",
      `${"0".repeat(32)}, 4 B (4 B) * 2:`,
    ];
    const result = await read(`${lines.join("\n")}\n    /data/bar1.txt\n    /data/bar2.txt\n`);

    assert.deepEqual(pathsOf(result.groups), [["/data/bar1.txt", "/data/bar2.txt"]]);
    assert.deepEqual([result.detail, result.completeness.complete], ["fclones 0.12.0, by metro hash, as text", true]);
  });

  test("text quotes words of its command", async () => {
    const text = (command: string) =>
      `# Report by fclones 0.35.0\n# Command: fclones group ${command}\n# Total: 1 B (1 B) in 2 files in 1 groups\n${hash}, 4 B (4 B) * 2:\n    /a\n    /b\n`;
    assert.equal(await hashOf(text("'--hash-fn=blake3' /")), hash);
    assert.equal(await hashOf(text("'/a --hash-fn blake3 b'")), null);
    assert.equal(await hashOf(text("--hash-fn blake3 $'/x'")), null);
  });

  test("names in an escape that is none are left out", async () => {
    const result = await read(json({ header: {}, groups: [{ ...group, files: ["/a", "/b", "/\\q", 7, null, []] }] }));

    assert.deepEqual(pathsOf(result.groups), [["/a", "/b"]]);
    assert.deepEqual(reasons(result), { "paths that no file can have": 1, "entries that are not understood": 3 });
  });
});

describe("rmlint", () => {
  const header = {
    description: "rmlint json-dump of lint files",
    args: "rmlint /",
    version: "2.10.1",
    checksum_type: "blake2b",
  };
  const footer = { aborted: false, progress: 100, total_files: 3 };
  const file = (path: string, more: object = {}) => ({
    ...{ id: 1, type: "duplicate_file", checksum: "aa", path, size: 3, is_original: false, mtime: 1_500_000_000.75 },
    ...more,
  });

  test("without its footer was interrupted", async () => {
    const result = await read(json([header, file("/a", { is_original: true }), file("/b")]));

    assert.deepEqual(pathsOf(result.groups), [["/a", "/b"]]);
    assert.equal(result.completeness.complete, false);
    const aborted = await read(json([header, { ...footer, aborted: true }]));
    assert.deepEqual(aborted.completeness, { complete: false, why: "rmlint was interrupted" });
  });

  test("groups are told apart by checksum and size, also if several files are originals", async () => {
    const original = { is_original: true };
    const result = await read(
      json([
        header,
        file("/a", original),
        file("/b", original),
        file("/c", { checksum: "bb" }),
        file("/d", { checksum: "bb", size: 4 }),
        footer,
      ]),
    );

    assert.deepEqual(pathsOf(result.groups), [["/a", "/b"], ["/c"], ["/d"]]);
  });

  test("what is no duplicate file is counted, not claimed", async () => {
    const others = ["unique_file", "duplicate_dir", "part_of_directory", "badlink", "constructor", "__proto__"];
    const result = await read(json([header, ...others.map((type) => file(`/${type}`, { type })), footer]));

    assert.deepEqual(result.groups, []);
    assert.deepEqual(reasons(result), { "entries of another kind": 4, "files without a duplicate": 1, folders: 1 });
  });

  test("times count by their second", async () => {
    const { groups } = await read(
      json([header, file("/a"), file("/b", { mtime: -1.5 }), file("/c", { mtime: "x" }), footer]),
    );

    assert.deepEqual(
      groups[0]?.files.map(({ modified }) => modified),
      [1_500_000_000_000_000_000n, -2_000_000_000n, null],
    );
  });

  test("files compared in part only are no duplicates", async () => {
    const partial = { ...header, args: "rmlint --clamp-low 10% /" };
    const { groups } = await read(json([partial, file("/a"), file("/b"), footer]));

    assert.equal(groups[0]?.agreeIn, "parts");
  });

  test("its own bytes inside strings are kept, control characters, too", async () => {
    const bytes = Buffer.from(
      json([header, file("/a\u0001"), file("/b"), footer]).replace("\\u0001", "\x1f\x01\xff"),
      "latin1",
    );
    const { groups } = await read(bytes);

    assert.deepEqual(pathsOf(groups), [["/a\\x1f\\x01\\xff", "/b"]]);
  });
});

describe("jdupes", () => {
  const sets = [{ fileSize: 3, fileList: [{ filePath: "/a" }, { filePath: "/b" }] }];

  test("compared in part only, files are no duplicates", async () => {
    for (const [commandLine, agreeIn] of [
      ["jdupes -r -j /", "content"],
      ["jdupes -rQj /", "content"],
      ["jdupes -rTTj /", "parts"],
      ["jdupes --partial-only --partial-only -j /", "parts"],
    ]) {
      const { groups } = await read(json({ jdupesVersion: "1.27.3", commandLine, matchSets: sets }));
      assert.equal(groups[0]?.agreeIn, agreeIn, commandLine);
    }
  });

  test("fields in any order", async () => {
    const [{ fileList, fileSize } = { fileList: [], fileSize: 0 }] = sets;
    const { groups, format } = await read(
      json({ commandLine: "jdupes -j", matchSets: [{ fileList, fileSize }], jdupesVersion: "1" }),
    );

    assert.deepEqual([format, groups[0]?.files.map(({ size }) => size)], ["jdupes", [3, 3]]);
  });

  test("its text is read like that of fdupes", async () => {
    const result = await read("3 bytes each:\n/a\n/b\n\n", { format: "jdupes" });
    assert.deepEqual([result.format, pathsOf(result.groups)], ["jdupes", [["/a", "/b"]]]);
  });
});

describe("rdfind", () => {
  const head = "# Automatically generated\n# duptype id depth size device inode priority name\n";

  test("before 1.3 misspelt a word", async () => {
    const rows = "DUPTYPE_FIRST_OCCURENCE 1 0 3 1 1 1 /a\nDUPTYPE_WITHIN_SAME_TREE -1 0 3 1 2 1 /b\n";
    assert.deepEqual(pathsOf((await read(`${head}${rows}# end of file\n`)).groups), [["/a", "/b"]]);
  });

  test("names may hold what looks like its own lines", async () => {
    const rows =
      "DUPTYPE_FIRST_OCCURRENCE 1 0 3 1 1 1 /a\n# end of file\n# b\nDUPTYPE_c\n\nDUPTYPE_WITHIN_SAME_TREE -1 0 3 1 2 1 /b\n";
    const result = await read(`${head}${rows}# end of file\n`);

    assert.deepEqual(pathsOf(result.groups), [["/a\\x0a# end of file\\x0a# b\\x0aDUPTYPE_c\\x0a", "/b"]]);
    assert.ok(result.completeness.complete);
  });

  test("without its last line was cut", async () => {
    const rows = "DUPTYPE_FIRST_OCCURRENCE 1 0 3 1 1 1 /a\nDUPTYPE_WITHIN_SAME_TREE -1 0 3 1 2 1 /b\n";
    const result = await read(head + rows);

    assert.deepEqual(
      [result.groups, result.completeness],
      [[], { complete: false, why: "rdfind's end mark is missing" }],
    );
  });

  test("nothing found is complete", async () => {
    assert.deepEqual((await read(`${head}# end of file\n`)).completeness, { complete: true, why: null });
  });
});

describe("fdupes", () => {
  test("a name with empty lines is whole where sizes tell the groups", async () => {
    const result = await read("3 bytes each:\n/a\n\n/b\nc\n\n1 byte each:\n/d\n/e\n\n\n");

    assert.deepEqual(pathsOf(result.groups), [
      ["/a\\x0a", "/b\\x0ac"],
      ["/d", "/e\\x0a"],
    ]);
  });

  test("relative paths are counted", async () => {
    const result = await read("./a\n./b\n\n", { format: "fdupes" });
    assert.deepEqual([result.groups, reasons(result)], [[], { "paths that are not absolute": 2 }]);
  });

  test("an empty result has no groups, and proves nothing", async () => {
    const result = await read("", { format: "fdupes" });
    assert.deepEqual([result.groups, result.completeness.complete], [[], false]);
  });
});

test("a huge group comes in pieces", async () => {
  const paths = Array.from({ length: 25_000 }, (_, n) => `/a/${n}`);
  for (const document of [
    json({ name: "D", entries: [{ size: 1, hash, paths }] }),
    json({ header: {}, groups: [{ file_len: 1, file_hash: "00", files: paths }] }),
    `1 byte each:\n${paths.join("\n")}\n\n`,
    `${paths.join(" ")} \n`,
  ]) {
    const { groups } = await read(document);
    assert.deepEqual(
      groups.map(({ files }) => files.length),
      [10_000, 10_000, 5_000],
    );
    assert.deepEqual(
      groups.flatMap(({ files }) => files.map(({ path }) => path as string)),
      paths,
    );
  }
});
