import assert from "node:assert/strict";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { blake3 } from "@napi-rs/blake-hash";
import { household, snapshot } from "../src/testing/household.ts";
import { documentsOf, type ListedOperation } from "../src/testing/onefold.ts";
import { addTo, fileFrom, type Tree } from "../src/testing/tree.ts";

const at = (content: string) => fileFrom(1_563_099_300_000_000_000n, content);
const hash8 = (content: string) => blake3(content).toString("hex").slice(0, 8);

test("two contents that want one name both get in, the later as NAME~HASH8.EXT", async () => {
  await using home = await household({
    phone: { "IMG_20190714_1.jpg": "mine" },
    laptop: { "IMG_20190714_1.jpg": "yours", docs: { "a.txt": "first" } },
    usb: { docs: { "a.txt": "second" } },
  });
  await home.run();
  const { photos, files } = Object(await home.archived());

  assert.deepEqual(photos["2019"]["07"], {
    "IMG_20190714_1.jpg": "mine",
    [`IMG_20190714_1~${hash8("yours")}.jpg`]: "yours",
  });
  assert.deepEqual(files.docs, { "a.txt": "first", [`a~${hash8("second")}.txt`]: "second" });
});

test("names that are one to Windows or macOS never stand side by side in the layout", async () => {
  await using home = await household({
    phone: { "Letter.txt": "one", "LETTER.TXT": "two", "letter.txt": "three", "caf\u00e9.txt": "four" },
    laptop: { "cafe\u0301.txt": "five", "straße.txt": "six", "STRASSE.txt": "seven" },
  });
  await home.run();
  const names = Object.keys(Object(await home.archived()).files);
  const folded = names.map((name) => name.normalize("NFC").toUpperCase());

  assert.equal(names.length, 7);
  assert.equal(new Set(folded).size, 7, names.join(" "));
  assert.equal(Object.keys(Object(await home.archived())["by-source"].phone).length, 4);
});

test("folders that differ only in case become one", async () => {
  await using home = await household({ phone: { Docs: { "a.txt": "a" } }, laptop: { docs: { "b.txt": "b" } } });
  await home.run();

  assert.equal(Object.keys(Object(await home.archived()).files).length, 1);
});

test("a file where a folder is wanted stays, and the folder goes beside it", async () => {
  await using home = await household({ phone: { notes: "a file" }, laptop: { notes: { "a.txt": "in a folder" } } });
  const { problems } = await home.run();

  assert.deepEqual(problems, []);
  const { files } = Object(await home.archived());
  assert.deepEqual(contentsOf(files), ["a file", "in a folder"]);
});

test("what stands in the archive already is never overwritten, moved or changed", async () => {
  const theirs = {
    photos: { "2019": { "07": { "IMG_20190714_1.jpg": "theirs" } } },
    files: { "letter.txt": "theirs too", docs: "a file named as a folder" },
    "by-source": { phone: { "letter.txt": "even here" } },
  };
  await using home = await household(
    { phone: { "IMG_20190714_1.jpg": "mine", "letter.txt": "dear", docs: { "a.txt": "a" } } },
    { archive: theirs },
  );
  const before = [...(await snapshot(home.path("archive")))].filter(([, { kind }]) => kind === "file");
  const { problems } = await home.run();
  const after = await snapshot(home.path("archive"));

  assert.deepEqual(problems, []);
  for (const [path, file] of before) assert.deepEqual(after.get(path), file, path);
  const { "by-source": mirror, ...layout } = Object(await home.archived());
  assert.ok(["mine", "dear", "a"].every((content) => contentsOf(layout).includes(content)));
  assert.deepEqual(contentsOf(mirror), ["a", "dear", "even here", "mine"]);
});

test("what appears in the archive between plan and copy is not overwritten either", async () => {
  await using home = await household({ phone: { "letter.txt": "dear" } });
  await home.onefold(["scan", ...home.places]);
  await mkdir(home.path("archive/files"));
  await writeFile(home.path("archive/files/letter.txt"), "theirs");
  const { status, stderr } = await home.onefold(["consolidate", ...home.places]);

  assert.equal(status, 0, stderr);
  const { files } = Object(await home.archived());
  assert.deepEqual(files, { "letter.txt": "theirs", [`letter~${hash8("dear")}.txt`]: "dear" });
});

test("a name that is too long with its mark is cut, and keeps its extension", async () => {
  const name = `${"ä".repeat(125)}.txt`;
  await using home = await household({ phone: { [name]: "one" }, laptop: { [name]: "two" } });
  const { problems } = await home.run();
  const names = Object.keys(Object(await home.archived()).files);

  assert.deepEqual(problems, []);
  assert.equal(names.length, 2);
  for (const one of names) assert.ok(Buffer.byteLength(one) <= 255 && one.endsWith(".txt"), one);
  assert.ok(names.some((one) => one.endsWith(`~${hash8("two")}.txt`)));
});

test("layouts can be chosen; a month that nothing tells is unknown, no date at all is undated", async () => {
  await using home = await household({ phone: { "IMG_20190714_101112.jpg": "a", "song.mp3": "b", "text.txt": "c" } });
  const layout = `
    [archive.layout]
    photo = "{source}/{yyyy}-{mm}-{dd}/{stem}.{ext}"
    audio = "music/{name}"
    other = "{category}/{name}"
  `;
  await home.write("onefold.toml", layout);
  await home.run();
  const { "by-source": _mirror, ...rest } = Object(await home.archived());

  assert.deepEqual(rest, {
    phone: { "2019-07-14": { "IMG_20190714_101112.jpg": "a" } },
    music: { "song.mp3": "b" },
    other: { "text.txt": "c" },
  });
});

test("the plan does not depend on the order in which folders were scanned", async () => {
  const [one, other]: readonly Tree[] = [
    { a: { "x.txt": at("1"), "y.jpg": at("2") }, b: { "X.txt": at("3"), "y.jpg": at("2") } },
    { a: { "x.txt": at("4"), "y.jpg": at("5") }, c: { "x.txt": at("3") } },
  ];
  await using home = await household({ phone: one ?? {}, laptop: other ?? {} });
  await using again = await household({ phone: one ?? {}, laptop: other ?? {} });
  for (const name of ["laptop", "phone"]) await again.onefold(["scan", name, ...again.places]);
  const planOf = async ({ places, onefold }: typeof home) => {
    await onefold(["scan", ...places]);
    const operations = documentsOf<ListedOperation>(await onefold(["plan", "--json", ...places]));
    return operations.map((operation) => JSON.stringify({ ...operation, hash: null })).sort();
  };

  assert.deepEqual(await planOf(again), await planOf(home));
});

function contentsOf(tree: unknown): string[] {
  return (typeof tree === "string" ? [tree] : Object.values(Object(tree)).flatMap(contentsOf)).sort();
}

test("a file that became a folder in its source, or a folder that became a file, loses neither form", async () => {
  await using home = await household({
    phone: { notes: "a file", album: { "a.txt": "in a folder", deep: { "b.txt": "b" } } },
  });
  await home.run();
  await rm(home.path("phone"), { recursive: true });
  await addTo(home.disk.root, { phone: { notes: { "c.txt": "c", deep: { "d.txt": "d" } }, album: "now a file" } });
  const { problems } = await home.run({ more: ["--accept-shrink", "phone"] });
  const archived = await home.archived();

  assert.deepEqual(problems, []);
  assert.deepEqual(Object(archived["by-source"]).phone, {
    album: { "a.txt": "in a folder", deep: { "b.txt": "b" } },
    [`album~${hash8("now a file")}`]: "now a file",
    notes: "a file",
    "notes~folder": { "c.txt": "c", deep: { "d.txt": "d" } },
  });
  const { plan } = await home.run();
  assert.deepEqual([plan.copyFiles, plan.linkFiles], [0, 0]);
  assert.deepEqual(await home.archived(), archived);
});
