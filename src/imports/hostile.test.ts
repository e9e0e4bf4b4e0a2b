/** Documents that were damaged, or made to do harm. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { temporaryFolder } from "../testing/folder.ts";
import { pathsOf, read, reasons, recorded } from "../testing/results.ts";
import { type FormatName, formatNames, openResults, readResults } from "./import.ts";

const hash = "6f2a".repeat(16);
const E = (fields: object) => ({ path: "/a", modified_date: 1, size: 10, hash, ...fields });
const refused = (document: string | Buffer, message: RegExp, format: FormatName | "detect" = "detect") =>
  assert.rejects(read(document, { format }), { name: "AppError", code: "IMPORT_NOT_UNDERSTOOD", exitCode: 2, message });
const ofGroup = (...entries: readonly unknown[]) => read(JSON.stringify({ 10: [entries] }));

describe("an entry is left out and counted, and the others are kept", () => {
  const good = [E({ path: "/x" }), E({ path: "/y" })];
  const cases: readonly (readonly [what: string, entry: unknown, reason: string])[] = [
    ["relative path", E({ path: "a/b" }), "paths that are not absolute"],
    ["path that climbs", E({ path: "/a/../../etc/passwd" }), 'paths with a ".." part'],
    ["path of Windows that climbs", E({ path: "Z:\\a\\..\\b" }), 'paths with a ".." part'],
    ["path with a zero byte", E({ path: "/a\0b" }), "paths that no file can have"],
    ["path with half a character", E({ path: "/a\ud83d" }), "paths that no file can have"],
    ["path longer than any", E({ path: `/${"a".repeat(70_000)}` }), "paths that no file can have"],
    ["empty path", E({ path: "" }), "paths that are not absolute"],
    ["folder", E({ path: "/" }), "folders"],
    ["path that is a number", E({ path: 7 }), "entries without a path"],
    ["path that is a list", E({ path: ["/a"] }), "entries without a path"],
    ["no path", { modified_date: 1, size: 1, hash }, "entries without a path"],
    ["negative size", E({ size: -1 }), "sizes that are no number of bytes"],
    ["size with a fraction", E({ size: 1.5 }), "sizes that are no number of bytes"],
    ["size beyond 2^53", E({ size: 2 ** 53 }), "sizes that are no number of bytes"],
    ["size as text", E({ size: "10" }), "sizes that are no number of bytes"],
    ["hash that is a number", E({ hash: 7 }), "entries that are not understood"],
    ["number", 7, "entries that are not understood"],
    ["null", null, "entries that are not understood"],
    ["other size than its group", E({ path: "/b", size: 11 }), "files that contradict their group"],
    ["other hash than its group", E({ path: "/b", hash: "0".repeat(64) }), "files that contradict their group"],
    ["entry of another list", E({ hash: [1], similarity: 1 }), "entries of another kind"],
  ];
  for (const [what, entry, reason] of cases) {
    test(what, async () => {
      const result = await ofGroup(...good, entry);

      assert.deepEqual(pathsOf(result.groups), [["/x", "/y"]]);
      assert.deepEqual(reasons(result), { [reason]: 1 });
      assert.ok(result.completeness.complete);
    });
  }

  test("a field twice", async () => {
    const twice = `{"path":"/a","modified_date":1,"size":10,"hash":"${hash}","path":"/b"}`;
    const result = await read(`{"10":[[${good.map((entry) => JSON.stringify(entry)).join()},${twice}]]}`);

    assert.deepEqual(pathsOf(result.groups), [["/x", "/y"]]);
    assert.deepEqual(reasons(result), { "entries with a field twice": 1 });
  });

  test("what is shown of it is short and harmless", async () => {
    const { skipped } = await ofGroup(E({ path: `\u001b[2J\u202e${"a".repeat(10_000)}` }));

    const [{ example } = { example: null }] = skipped;
    assert.ok(example !== null && example.length < 300);
    assert.doesNotMatch(example, /[\x00-\x1f\x7f-\x9f]/);
    assert.match(example, /^\\x1b\[2J/);
  });
});

test("fields that no tool writes change nothing", async () => {
  const result = await read(
    `{"__proto__":{"path":"/p"},"10":[[{"__proto__":{"size":1},"constructor":7,"path":"/a","size":10,"hash":"${hash}","more":{"deep":[[{}]]}}]]}`,
  );

  assert.deepEqual(
    result.groups.flatMap(({ files }) => files.map(({ path, size }) => [path, size])),
    [["/a", 10]],
  );
  assert.equal(({} as Record<string, unknown>)["path"], undefined);
});

describe("a document is refused with one sentence", () => {
  test("that nests 100,000 levels deep", async () => {
    await refused("[".repeat(100_000), /nests deeper/);
    await refused('{"a":'.repeat(100_000), /nests deeper/);
    await refused(`{"10":[[{"path":"/a","x":${"[".repeat(100_000)}`, /nests deeper/);
  });

  test("that is empty", async () => {
    await refused("", /is empty/);
    await refused(" \r\n ", /is empty/);
  });

  test("that is no text", async () => {
    await refused(Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 1, 2, 3]), /zero bytes/);
    await refused(gzipSync(recorded("czkawka-12.0.2-hash.json")), /is compressed/);
    await refused(Buffer.from("\ufeff{}", "utf16le"), /is UTF-16/);
  });

  test("that is some other text", async () => {
    await refused("hello\nworld\n", /is no list of duplicates/);
    await refused("/a\n/b\n/c\n", /may be any list of files/);
    await refused("<results></results>", /is no list of duplicates/);
  });

  test("that is broken in the middle, with the place", async () => {
    const good = Array.from(
      { length: 2_000 },
      (_, n) => `"${n}":[[${JSON.stringify(E({ size: n, path: `/a/${n}` }))}]]`,
    );
    await refused(`{${good.join()},!}`, /is no well-formed JSON \(near byte [\d,]+\)$/);
    await refused("{}{}", /is no well-formed JSON/);
    await refused('{"10":[[1 2]]}', /is no well-formed JSON/);
    await refused('{"10":[["\\x"]]}', /is no well-formed JSON/);
    await refused('{"10":[["\\\n"]]}', /is no well-formed JSON/);
  });

  for (const format of formatNames) {
    test(`that is not what --format ${format} says`, async () => {
      const foreign = format === "czkawka" ? "jdupes-1.21.3.json" : "czkawka-12.0.2-hash.json";
      await refused(recorded(foreign), /./, format);
      if (format !== "fdupes" && format !== "jdupes" && format !== "rmlint") {
        await refused("# something else\n/a\n/b\n\n", /./, format);
      }
    });
  }

  test("without an escape sequence in it, whatever the file is called", async () => {
    await assert.rejects(read("junk", { file: "/tmp/\u001b[31mred" }), { message: /^\/tmp\/\\x1b\[31mred is no list/ });
  });
});

test("what stood before the damage was given, and stays true", async () => {
  const group = (n: number) => `"${n}":[[${JSON.stringify(E({ size: n, path: `/a/${n}` }))}]]`;
  const text = `{${Array.from({ length: 2_000 }, (_, n) => group(n + 1)).join()},}`;
  async function* bytes() {
    yield Buffer.from(text);
  }
  await using document = await readResults(bytes(), { file: "x", format: "detect" });
  let files = 0;
  await assert.rejects(async () => {
    for await (const groups of document.groups) files += groups.length;
  });

  assert.ok(files > 0 && files < 2_000);
  assert.equal(document.completeness().complete, false);
});

describe("the file", () => {
  test("that is not there or is a folder is the user's to mend", async () => {
    await assert.rejects(openResults("/nowhere/at/all", { format: "detect" }), {
      ...{ code: "IMPORT_UNREADABLE", exitCode: 2, message: "/nowhere/at/all cannot be read: ENOENT" },
    });
    await assert.rejects(openResults("/", { format: "detect" }), { code: "IMPORT_UNREADABLE", message: /EISDIR/ });
  });

  test("is closed when it was not read to its end, and its name is bytes", async () => {
    await using folder = await temporaryFolder();
    const name = Buffer.from(`${folder.path}/results-\xff`, "latin1");
    await writeFile(name, recorded("czkawka-12.0.2-hash.json"));
    const document = await openResults(name, { format: "detect" });
    await document[Symbol.asyncDispose]();

    assert.deepEqual(document.completeness(), { complete: false, why: "it was not read to its end" });
    await assert.rejects(openResults(Buffer.concat([name, name]), { format: "detect" }), { message: /results-\\xff/ });
  });
});

describe("a byte order mark and CR LF", () => {
  const files = [
    "czkawka-12.0.2-hash-pretty.json",
    "czkawka-12.0.2-size-name.txt",
    "fclones-0.35.0-metro.txt",
    "yadf-1.5.2.txt",
  ];
  for (const file of [...files, "rdfind-1.5.0.txt"]) {
    test(`change nothing in ${file}`, async () => {
      const plain = recorded(file)
        .toString("latin1")
        .replaceAll("a/new\nline", "a/new line")
        .replaceAll("a/new\\nline", "a/new line");
      const altered = Buffer.from(plain.replaceAll("\n", "\r\n"), "latin1");
      const before = await read(Buffer.from(plain, "latin1"));
      const after = await read(Buffer.concat([Buffer.from("\ufeff"), altered]));

      assert.ok(before.groups.length > 0);
      assert.deepEqual(after, before);
    });
  }
});
