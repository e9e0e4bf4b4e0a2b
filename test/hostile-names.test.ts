import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { joinPath, type PathText, systemPath } from "../src/model/path.ts";
import { household } from "../src/testing/household.ts";
import { documentsOf, type ListedGroup } from "../src/testing/onefold.ts";
import type { Tree } from "../src/testing/tree.ts";

/** Names as paths are written everywhere: \xNN is one byte. */
const hostile: Tree = {
  "two\\x0alines.txt": "newline",
  "\\x1b[2J\\x1b]0;owned\\x07.txt": "escape sequences",
  "caf\\xe9.txt": "Latin-1",
  "\\xff\\xfe.jpg": "no UTF-8 at all",
  "back\\x5cslash.txt": "backslash",
  "quo\"te'.txt": "quotes",
  " leading and trailing ": "spaces",
  "-rf": "an option",
  "--source=x": "another option",
  "%s$HOME`id`;.txt": "for a shell",
  "tab\\x09.csv": "tab",
  "...": "three dots",
  "\u202egpj.exe": "right to left",
  "\u200b": "a space without width",
  "e\u0301.txt": "decomposed",
  "😀.jpg": "outside the plane",
  "\\x5cN": "null of the database",
  CON: "a device of DOS",
  "\\xc2\\x9b31m.txt": "a control character of 8 bits",
  "=1+1.csv": "a formula",
  [`${"é".repeat(125)}.jpg`]: "254 bytes",
  [`${"a".repeat(251)}.jpg`]: "255 bytes",
  "\\xed\\xa0\\x80.txt": "a lone surrogate",
  "empty.txt": "",
  "empty too.jpg": "",
  "fol\\x0ader\\x1b[31m": { "in\\xffside.txt": "below", "deep er": { "x\\x7f.txt": "deeper" } },
};

test("a file may have any name that a disk can hold, and keeps it to the byte", async () => {
  await using home = await household({ usb: hostile });
  const { scan, problems } = await home.run();

  assert.deepEqual(problems, []);
  assert.equal(scan.unreadable, 0);
  assert.deepEqual(Object(await home.archived())["by-source"].usb, hostile);
  const again = await home.run();
  assert.deepEqual([again.scan.unchanged, again.consolidate.copiedFiles, again.consolidate.linkedFiles], [27, 0, 0]);
});

test("no name plays with the screen, whatever is printed", async () => {
  await using home = await household({ usb: hostile, copy: hostile });
  const printed = [
    await home.onefold(["scan", ...home.places]),
    await home.onefold(["plan", ...home.places]),
    await home.onefold(["run", ...home.places]),
    await home.onefold(["duplicates"]),
    await home.onefold(["duplicates", "--json"]),
    await home.onefold(["where", home.path("usb/\\x1b[2J\\x1b]0;owned\\x07.txt")]),
    await home.onefold(["status"]),
    await home.onefold(["where", "no\x1b[31msuch\nfile"]),
    await home.onefold(["run", "--source", "a\x1b[31mb=/nowhere\x1b[0m", "--archive", "/no\x07where"]),
  ];

  for (const [n, { stdout, stderr }] of printed.entries()) {
    assert.doesNotMatch(stdout + stderr, /[\x00-\x09\x0b-\x1f\x7f-\x9f]/, `output ${n}`);
    if (n !== 4) assert.doesNotMatch(stdout + stderr, /[\u200b-\u200f\u202a-\u202e]/, `output ${n}`);
  }
  assert.match(printed[1]?.stdout ?? "", /two\\x0alines\.txt/);
  assert.equal(printed[5]?.status, 0, printed[5]?.stderr);
});

test("names in JSON read back to exactly the bytes", async () => {
  const { "empty.txt": _empty, "empty too.jpg": _alsoEmpty, ...names } = hostile;
  await using home = await household({ usb: names, copy: names });
  await home.onefold(["scan", ...home.places]);
  const groups = documentsOf<ListedGroup>(await home.onefold(["duplicates", "--json"]));
  const top = groups.flatMap(({ files }) => files.map(({ path }) => path)).filter((path) => !path.includes("/"));

  assert.deepEqual(
    [...new Set(top)].sort(),
    Object.keys(names)
      .filter((name) => !name.startsWith("fol"))
      .sort(),
  );
});

test("folders may be 200 deep, and paths longer than a path may be", async () => {
  await using home = await household({ usb: {} });
  const deep = Array.from({ length: 200 }, (_, n) => `d${n}`).join("/");
  const root = home.path("usb");
  // 3,900 bytes: the archive's own path in front would be more than the system takes.
  const long = Array.from({ length: 15 }, (_, n) => `${n}`.padEnd(250, "x")).join("/");
  for (const [folder, content] of [
    [deep, "deep"],
    [long, "long"],
  ] as const) {
    mkdirSync(systemPath(joinPath(root, folder)), { recursive: true });
    writeFileSync(systemPath(joinPath(root, folder, "file.txt")), content);
  }
  const { problems, consolidate } = await home.run();

  assert.deepEqual(problems, []);
  assert.deepEqual([consolidate.copiedFiles, consolidate.linkedFiles], [2, 2]);
  assert.equal(at(await home.archived(), `by-source/usb/${deep}/file.txt` as PathText), "deep");
  const again = await home.run();
  assert.deepEqual([again.consolidate.copiedFiles, again.consolidate.linkedFiles], [0, 0]);
});

test("a table of duplicates is safe to open in a spreadsheet", async () => {
  await using home = await household({ usb: { "=1+1.csv": "same", 'a,b"c.csv': "same" } });
  await home.onefold(["scan", ...home.places]);
  const csv = home.path("state/duplicates.csv");
  const { status, stderr } = await home.onefold(["duplicates", "--csv", csv]);
  assert.equal(status, 0, stderr);
  const again = await home.onefold(["duplicates", "--csv", csv]);

  assert.equal(again.status, 2, "a file that is there is not overwritten");
  assert.match(again.stderr, /is there already \[CSV_NOT_WRITTEN\]/);
  const text = await readFile(csv, "utf8");
  assert.match(text, /,'=1\+1\.csv,/);
  assert.match(text, /,"a,b""c\.csv",/);
});

function at(tree: Tree, path: PathText): unknown {
  return path.split("/").reduce((found: unknown, name) => Object(found)[name], tree);
}
