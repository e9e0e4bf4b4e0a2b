import assert from "node:assert/strict";
import { test } from "node:test";
import { blake3 } from "@napi-rs/blake-hash";
import { household, summaryOf } from "../src/testing/household.ts";
import { documentOf, documentsOf, type ListedGroup } from "../src/testing/onefold.ts";
import { fileFrom, hardLinkTo } from "../src/testing/tree.ts";

const second = 1_000_000_000n;
const sources = {
  phone: { DCIM: { "a.jpg": fileFrom(1_500n * second, "the beach") }, "only.txt": "of this size there is no other" },
  laptop: {
    "b.jpg": fileFrom(1_000n * second, "the beach"),
    "c.jpg": fileFrom(2_000n * second, "the beach"),
    "same size": "the BEACH",
    "Thumbs.db": "the beach",
  },
  usb: { "small-1": "x", "small-2": "x", "d.jpg": hardLinkTo("laptop/b.jpg") },
};

test("equal files are found over all sources, largest waste first, each with its original and the reason", async () => {
  await using home = await household(sources);
  const { scan, duplicates } = await summaryOf(home.onefold(["scan", "--json", ...home.places]));
  const groups = documentsOf<ListedGroup>(await home.onefold(["duplicates", "--json"]));

  assert.deepEqual(duplicates, { groups: 2, files: 4, bytes: 28 });
  assert.equal(scan.files, 9);
  assert.deepEqual(
    groups.map(({ hash, size, entry, original, files }) => ({ hash, size, entry, original, count: files.length })),
    [
      {
        hash: blake3("the beach").toString("hex"),
        size: 9,
        entry: null,
        original: { source: "phone", path: "DCIM/a.jpg", because: groups[0]?.original.because },
        count: 4,
      },
      {
        hash: blake3("x").toString("hex"),
        size: 1,
        entry: null,
        original: { source: "usb", path: "small-1", because: groups[1]?.original.because },
        count: 2,
      },
    ],
  );
  assert.ok(groups.every(({ original }) => original.because.length > 3));
  const [first] = groups;
  assert.deepEqual(first?.files.map(({ source, path, mtime }) => `${source}/${path} ${mtime}`).sort(), [
    "laptop/b.jpg 1970-01-01T00:16:40Z",
    "laptop/c.jpg 1970-01-01T00:33:20Z",
    "phone/DCIM/a.jpg 1970-01-01T00:25:00Z",
    "usb/d.jpg 1970-01-01T00:16:40Z",
  ]);
});

test("the keep rules of the config choose the original, which gives the entry its name and time", async () => {
  await using home = await household(sources);
  const run = async (rules: string) => {
    await home.write("onefold.toml", `[keep]\nrules = ${rules}\n`);
    const planned = await home.onefold(["run", "--dry-run", "--json", ...home.places]);
    assert.equal(planned.status, 0, planned.stderr);
    const [group] = documentsOf<ListedGroup>(await home.onefold(["duplicates", "--json", ...home.places]));
    return `${group?.original.source}/${group?.original.path}`;
  };

  assert.equal(await run(`["source-order"]`), "phone/DCIM/a.jpg");
  assert.equal(await run(`["newest"]`), "laptop/c.jpg");
  assert.equal(await run(`["oldest", "source-order"]`), "laptop/b.jpg");
  assert.equal(await run(`["longest-path"]`), "phone/DCIM/a.jpg");
});

test("groups can be limited to a source, a size and a number", async () => {
  await using home = await household(sources);
  await home.onefold(["scan", ...home.places]);
  const hashesFor = async (...options: readonly string[]) =>
    documentsOf<ListedGroup>(await home.onefold(["duplicates", "--json", ...options])).map(({ size }) => size);

  assert.deepEqual(await hashesFor("--source", "phone"), [9]);
  assert.deepEqual(await hashesFor("--min-size", "2"), [9]);
  assert.deepEqual(await hashesFor("--limit", "1"), [9]);
  assert.deepEqual(await hashesFor("--source", "usb", "--min-size", "10M"), []);
  const unknown = await home.onefold(["duplicates", "--source", "nas"]);
  assert.equal(unknown.status, 2);
  assert.match(unknown.stderr, /^error: .*nas.* \[NO_SUCH_SOURCE\]\n {2}hint: /);
});

test("where tells every place of a content, by path or by hash, and its entry", async () => {
  await using home = await household(sources);
  await home.run();
  const hash = blake3("the beach").toString("hex");
  const byHash = documentOf<ListedGroup>(await home.onefold(["where", "--json", hash]));
  const byPath = documentOf<ListedGroup>(await home.onefold(["where", "--json", home.path("laptop/c.jpg")]));
  const byRelativePath = documentOf<ListedGroup>(
    await home.onefold(["where", "--json", "c.jpg"], { cwd: home.path("laptop") }),
  );
  const byEntry = documentOf<ListedGroup>(await home.onefold(["where", "--json", byHash.entry ?? ""]));

  assert.match(byHash.entry ?? "", /^photos\/.*\/a\.jpg$/);
  assert.deepEqual(byPath, byHash);
  assert.deepEqual(byRelativePath, byHash);
  assert.deepEqual(byEntry, byHash);
  const places = byHash.files.map(({ source, path }) => `${source}/${path}`);
  for (const place of ["phone/DCIM/a.jpg", "laptop/b.jpg", "laptop/c.jpg", "usb/d.jpg"]) {
    assert.ok(places.includes(place), place);
  }
});

test("what the inventory does not know is said so", async () => {
  await using home = await household({ phone: { "a.txt": "a" } });
  await home.run();
  for (const unknown of ["/no/such/file", "0".repeat(64)]) {
    const { status, stderr } = await home.onefold(["where", unknown]);
    assert.equal(status, 3);
    assert.match(stderr, /^error: .* \[NOT_IN_INVENTORY\]\n {2}hint: /);
  }
});

test("a file that is a duplicate of the archive alone is no waste of the sources", async () => {
  await using home = await household({ phone: { "a.txt": "same" } }, { archive: { "mine.txt": "same" } });
  const { duplicates, plan } = await home.run({ more: ["--dry-run"] });

  assert.deepEqual(duplicates, { groups: 0, files: 0, bytes: 0 });
  assert.deepEqual(plan, { copyFiles: 0, copyBytes: 0, linkFiles: 1, alreadyArchived: 1 });
});

test("files that differ only in their middle are not equal", async () => {
  const one = Buffer.alloc(3_000_000, 7);
  const other = Buffer.from(one);
  other[1_500_000] = 8;
  await using home = await household({ phone: { "a.mov": one, "b.mov": other, "c.mov": Buffer.from(one) } });
  const { duplicates, consolidate } = await home.run();

  assert.deepEqual(duplicates, { groups: 1, files: 1, bytes: 3_000_000 });
  assert.equal(consolidate.copiedFiles, 2);
});
