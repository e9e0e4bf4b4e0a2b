import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { lstat, readdir } from "node:fs/promises";
import { createServer } from "node:net";
import { test } from "node:test";
import { household, snapshot, summaryOf } from "../src/testing/household.ts";
import { documentOf, documentsOf, type ListedOperation, type Summary } from "../src/testing/onefold.ts";
import { addTo, fileFrom, hardLinkTo, symlinkTo } from "../src/testing/tree.ts";

const july2019 = 1_563_099_300_123_456_000n;
const beforeDisks = -1_234_567_890_123_457_000n;

test("two shares become one archive that holds each content once, and every file under its own path", async () => {
  await using home = await household({
    phone: { DCIM: { "IMG_20190714_101500.jpg": "beach", "IMG_20190714_101501.jpg": "wave" } },
    laptop: { Pictures: { "holiday.jpg": "beach" }, "letter.txt": "dear" },
  });
  const { status, scan, duplicates, plan, consolidate, problems } = await home.run();

  assert.deepEqual(await home.archived(), {
    "by-source": {
      laptop: { Pictures: { "holiday.jpg": "beach" }, "letter.txt": "dear" },
      phone: { DCIM: { "IMG_20190714_101500.jpg": "beach", "IMG_20190714_101501.jpg": "wave" } },
    },
    files: { "letter.txt": "dear" },
    photos: { "2019": { "07": { "IMG_20190714_101500.jpg": "beach", "IMG_20190714_101501.jpg": "wave" } } },
  });
  assert.equal(status, "complete");
  assert.deepEqual([scan.files, scan.bytes, scan.new, scan.unreadable], [4, 18, 4, 0]);
  assert.deepEqual(duplicates, { groups: 1, files: 1, bytes: 5 });
  assert.deepEqual(plan, { copyFiles: 3, copyBytes: 13, linkFiles: 4, alreadyArchived: 0 });
  const { copiedFiles, copiedBytes, linkedFiles, alreadyArchived, failed } = consolidate;
  assert.deepEqual([copiedFiles, copiedBytes, linkedFiles, alreadyArchived, failed], [3, 13, 4, 0, 0]);
  assert.deepEqual(problems, []);
});

test("every name of one content in the archive is one inode", async () => {
  await using home = await household({ phone: { "a.txt": "same" }, laptop: { "b.txt": "same" } });
  await home.run();
  const names = ["files/a.txt", "by-source/phone/a.txt", "by-source/laptop/b.txt"];
  const inodes = await Promise.all(names.map(async (name) => (await lstat(home.path(`archive/${name}`))).ino));

  assert.equal(new Set(inodes).size, 1);
});

test("the sources stay as they are: no byte, name, time or mode changes", async () => {
  await using home = await household({
    phone: { "a.jpg": fileFrom(july2019, "beach"), deep: { "b.txt": fileFrom(beforeDisks, "old"), empty: {} } },
    laptop: { "c.jpg": "beach", "Thumbs.db": "junk", link: symlinkTo("c.jpg"), "d.jpg": hardLinkTo("laptop/c.jpg") },
  });
  const before = await Promise.all([snapshot(home.path("phone")), snapshot(home.path("laptop"))]);
  await home.run();

  assert.deepEqual(await Promise.all([snapshot(home.path("phone")), snapshot(home.path("laptop"))]), before);
});

test("modification times are kept to the microsecond, also those before 1970", async () => {
  await using home = await household({
    phone: { "now.txt": fileFrom(july2019, "now"), "then.txt": fileFrom(beforeDisks, "then") },
  });
  await home.run();

  for (const name of ["now.txt", "then.txt"]) {
    const { mtimeNs: modified } = await lstat(home.path(`phone/${name}`), { bigint: true });
    for (const place of ["files", "by-source/phone"]) {
      const { mtimeNs } = await lstat(home.path(`archive/${place}/${name}`), { bigint: true });
      const off = mtimeNs - modified;
      assert.ok(off > -1_000n && off < 1_000n, `${place}/${name} is ${off} ns off`);
    }
  }
});

test("each source byte is read about once, but for duplicates and their originals", async () => {
  const photos = Object.fromEntries(Array.from({ length: 12 }, (_, n) => [`IMG_${n}.jpg`, randomBytes(2_000_000 + n)]));
  const film = randomBytes(3_000_000);
  await using home = await household({ phone: { ...photos, "film.mp4": film }, laptop: { "copy.mp4": film } });
  const { scan } = await home.run();

  assert.ok(scan.readBytes <= 1.05 * scan.bytes + film.length, `${scan.readBytes} of ${scan.bytes} bytes`);
  assert.ok(scan.readBytes >= scan.bytes);
});

test("a plan tells every operation with its reason, and changes nothing", async () => {
  await using home = await household({
    phone: { "IMG_20190714_101500.jpg": "beach" },
    laptop: { "copy.jpg": "beach", "Thumbs.db": "junk" },
  });
  const before = await snapshot(home.disk.root);
  const dry = await home.run({ more: ["--dry-run"] });
  const planned = await home.onefold(["plan", "--json", ...home.places]);

  assert.equal(planned.status, 0, planned.stderr);
  const operations = documentsOf<ListedOperation>(planned);
  assert.deepEqual(operations.map(({ do: what, from, to }) => `${what} ${from.source}/${from.path} ${to}`).sort(), [
    "copy phone/IMG_20190714_101500.jpg photos/2019/07/IMG_20190714_101500.jpg",
    "link laptop/copy.jpg by-source/laptop/copy.jpg",
    "link phone/IMG_20190714_101500.jpg by-source/phone/IMG_20190714_101500.jpg",
    "skip laptop/Thumbs.db undefined",
  ]);
  for (const { because, size } of operations) assert.ok(because.length > 3 && size > 0);
  assert.match(operations.find((one) => one.do === "copy")?.captured?.at ?? "", /^2019-07-14/);
  assert.deepEqual(dry.plan, { copyFiles: 1, copyBytes: 5, linkFiles: 2, alreadyArchived: 0 });
  assert.equal("consolidate" in dry, false);
  assert.deepEqual(await snapshot(home.disk.root), before);
});

test("scan, plan and consolidate one by one do what run does", async () => {
  const sources = { phone: { "a.jpg": fileFrom(july2019, "beach") }, laptop: { "b.txt": "dear", "c.jpg": "beach" } };
  await using atOnce = await household(sources);
  await using stepwise = await household(sources);
  await atOnce.run();
  for (const command of ["scan", "plan", "consolidate"]) {
    const { status, stderr } = await stepwise.onefold([command, ...stepwise.places]);
    assert.equal(status, 0, stderr);
  }

  assert.deepEqual(await stepwise.archived(), await atOnce.archived());
});

test("links, sockets and the like are never followed; junk and excluded files stay out of the archive", async () => {
  const config = `
    [archive]
    path = "archive"
    [[source]]
    path = "phone"
    exclude = ["cache/", "*.tmp"]
  `;
  await using home = await household({
    phone: {
      "a.txt": "a",
      "to-a": symlinkTo("a.txt"),
      "to-everything": symlinkTo("/"),
      "@eaDir": { "thumb.jpg": "junk" },
      ".DS_Store": "junk",
      cache: { "b.txt": "left out" },
      "c.tmp": "left out",
      "onefold.toml": "no config: it lies in a source",
    },
  });
  await addTo(home.disk.root, { "onefold.toml": config });
  await using _socket = await listenAt(home.path("phone/socket"));
  const { scan } = await summaryOf(home.onefold(["run", "--json"]));

  assert.equal(scan.files, 4);
  assert.deepEqual((await home.archived())["by-source"], {
    phone: { "a.txt": "a", "onefold.toml": "no config: it lies in a source" },
  });
});

test("names of one inode are one file that is read once", async () => {
  const film = randomBytes(1_000_000);
  await using home = await household({
    phone: {
      "film.bin": film,
      more: { "same.bin": hardLinkTo("phone/film.bin"), "again.bin": hardLinkTo("phone/film.bin") },
    },
  });
  const { scan, duplicates, consolidate } = await home.run();

  assert.deepEqual(duplicates, { groups: 0, files: 0, bytes: 0 });
  assert.deepEqual([consolidate.copiedFiles, consolidate.linkedFiles], [1, 3]);
  assert.ok(scan.readBytes <= 1.05 * film.length, `${scan.readBytes}`);
});

test("a content that the archive holds already, wherever, is not copied again", async () => {
  await using home = await household(
    { phone: { "beach.txt": "the beach" } },
    { archive: { "my own": { "order.txt": "the beach", "more.txt": "something else" } } },
  );
  const { consolidate } = await home.run();

  assert.equal(consolidate.copiedFiles, 0);
  assert.deepEqual(await home.archived(), {
    "by-source": { phone: { "beach.txt": "the beach" } },
    "my own": { "more.txt": "something else", "order.txt": "the beach" },
  });
  const names = ["my own/order.txt", "by-source/phone/beach.txt"];
  const inodes = await Promise.all(names.map(async (name) => (await lstat(home.path(`archive/${name}`))).ino));
  assert.equal(new Set(inodes).size, 1);
});

test("files from a time beyond what the inventory can hold are compared like others", async () => {
  const farAhead = 13_000_000_000_000_000_000n;
  const sources = { phone: { a: fileFrom(farAhead, "equal"), b: fileFrom(farAhead, "equal"), c: "other" } };
  await using home = await household(sources);
  const { duplicates } = documentOf<Summary>(await home.onefold(["scan", "--json", ...home.places]));
  assert.equal(duplicates.files, 1);
});

test("a run leaves nothing behind but the archive, its journal and its marker", async () => {
  await using home = await household({ phone: { "a.txt": "a" } });
  const { run } = await home.run();

  assert.deepEqual((await readdir(home.path("archive/.onefold"))).sort(), ["archive.json", "journal", "tmp"]);
  assert.deepEqual(await readdir(home.path("archive/.onefold/tmp")), []);
  assert.deepEqual(await readdir(home.path("archive/.onefold/journal")), [`${run}.jsonl`]);
  assert.deepEqual(await readdir(home.path("state")), []);
});

async function listenAt(path: string): Promise<AsyncDisposable> {
  const server = createServer().listen(path);
  await once(server, "listening");
  return { [Symbol.asyncDispose]: async () => void (await once(server.close(), "close")) };
}
