import assert from "node:assert/strict";
import { lstat } from "node:fs/promises";
import { describe, test } from "node:test";
import { blake3 } from "@napi-rs/blake-hash";
import { type Hash, toHash } from "../model/file.ts";
import { headBytes } from "../model/fingerprint.ts";
import { joinPath, systemPath } from "../model/path.ts";
import { copyOf, linkOf, outcomes, scanned, startRun } from "../testing/consolidation.ts";
import { fileFrom, layOut, readTree, type Tree } from "../testing/tree.ts";
import type { Executed } from "./outcome.ts";

const hashOf = (content: string | Uint8Array): Hash => toHash(blake3(content).toString("hex"));

/** Copies files of `usb` under their own names into a fresh archive. */
async function copyAll(usb: Tree, names = Object.keys(usb), archive: Tree = {}) {
  const disk = await layOut({ usb, archive });
  const run = await startRun(disk.path("archive"));
  const files = await Promise.all(names.map((name) => scanned(disk.path("usb"), name)));
  const executed = await run.execute(files.map((file) => copyOf(file, `files/${file.path}`)));
  const dispose = async () => {
    await run[Symbol.asyncDispose]();
    await disk[Symbol.asyncDispose]();
  };
  return { disk, run, files, executed, [Symbol.asyncDispose]: dispose };
}

async function archived(root: Parameters<typeof readTree>[0]): Promise<Tree> {
  const { ".onefold": _private, ...rest } = await readTree(root);
  return rest;
}

function only(executed: readonly Executed[]) {
  const [first] = executed;
  assert.equal(executed.length, 1);
  assert.ok(first !== undefined);
  return first.outcome;
}

describe("a copied file", () => {
  test("has exactly the bytes of its source, whatever its length", async () => {
    const lengths = [0, 1, 65_535, 65_536, 65_537, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 5_000_000];
    const usb = Object.fromEntries(
      lengths.map((length) => [`${length}.bin`, Buffer.alloc(length, `${length} bytes; `)]),
    );
    await using copied = await copyAll(usb);

    assert.deepEqual(await archived(copied.disk.path("archive")), { files: await readTree(copied.disk.path("usb")) });
    for (const { operation, outcome } of copied.executed) {
      assert.ok(outcome.kind === "copied");
      assert.equal(outcome.hash, hashOf(usb[operation.from.path] ?? ""));
      assert.equal(outcome.bytesRead, operation.from.size);
    }
  });

  test("tells the head of a long file, and none of a short one", async () => {
    const long = Buffer.concat([
      Buffer.alloc(headBytes, "a"),
      Buffer.alloc(1 << 20, "-"),
      Buffer.alloc(headBytes, "z"),
    ]);
    await using copied = await copyAll({ long, short: Buffer.alloc(65_536) });

    const ends = Buffer.concat([Buffer.alloc(headBytes, "a"), Buffer.alloc(headBytes, "z")]);
    const heads = copied.executed.map(({ outcome }) => outcome.kind === "copied" && outcome.head);
    assert.deepEqual(heads, [hashOf(ends).slice(0, 32), null]);
  });

  test("keeps its modification time to the microsecond, before 1970 too", async () => {
    const times = [
      1_562_243_591_123_456_000n,
      1_700_000_000_999_999_000n,
      0n,
      -1_000n,
      -1_500_000_000n,
      -100_000_001_000n,
    ];
    const many = Array.from({ length: 300 }, (_, n) => BigInt(n) * 5_461_123_457_000n - 100_000_000_000_000n);
    const all = [...times, ...many];
    await using copied = await copyAll(
      Object.fromEntries(all.map((time, n) => [`${n}.jpg`, fileFrom(time, `taken then ${n}`)])),
    );

    for (const { operation, outcome } of copied.executed) {
      assert.ok(outcome.kind === "copied");
      assert.equal(outcome.archived.modified / 1000n, operation.from.modified / 1000n, operation.from.path);
    }
  });

  test("may have a name that is no UTF-8, and one of 255 bytes", async () => {
    const longest = `${"é".repeat(125)}1.jpg`;
    assert.equal(Buffer.byteLength(longest), 255);
    await using copied = await copyAll({ "caf\\xe9.jpg": "latin 1", "tab\\x09.jpg": "control", [longest]: "long" });

    assert.deepEqual(outcomes(copied.executed), ["copied", "copied", "copied"]);
    assert.deepEqual(await archived(copied.disk.path("archive")), { files: await readTree(copied.disk.path("usb")) });
  });

  test("can be read by everybody whom the umask lets, and comes with what the inventory must know", async () => {
    await using copied = await copyAll({ "a.jpg": "sunset" });
    const outcome = only(copied.executed);

    assert.ok(outcome.kind === "copied");
    const stats = await lstat(systemPath(copied.disk.path("archive/files/a.jpg")), { bigint: true });
    assert.equal(Number(stats.mode & 0o777n), copied.run.archive.fileMode);
    assert.equal(stats.nlink, 1n);
    const { ino, ctimeNs, mtimeNs } = stats;
    assert.deepEqual(
      { ...outcome.archived },
      { path: "files/a.jpg", size: 6, modified: mtimeNs, changed: ctimeNs, device: stats.dev, inode: ino },
    );
    assert.equal(outcome.seen.modified, copied.files[0]?.modified);
  });

  test("leaves its source as it was, and no temporary file", async () => {
    await using copied = await copyAll({ "a.jpg": fileFrom(1_000_000_000n, "sunset") });

    const after = await scanned(copied.disk.path("usb"), "a.jpg");
    assert.deepEqual(after, copied.files[0]);
    assert.deepEqual((await readTree(copied.disk.path("archive/.onefold")))["tmp"], {});
  });
});

describe("a name that is taken", () => {
  test("is never overwritten: the later content gets the other name", async () => {
    await using copied = await copyAll({ "a.jpg": "sunset" }, ["a.jpg"], { files: { "a.jpg": "dawn" } });

    const other = `a~${hashOf("sunset").slice(0, 8)}.jpg`;
    assert.deepEqual(await archived(copied.disk.path("archive")), { files: { "a.jpg": "dawn", [other]: "sunset" } });
    const outcome = only(copied.executed);
    assert.ok(outcome.kind === "copied" && outcome.archived.path === `files/${other}`);
  });

  test("is not taken for the content because it is as long", async () => {
    await using copied = await copyAll({ "a.jpg": "sunset" }, ["a.jpg"], { files: { "a.jpg": "sunup!" } });

    const other = `a~${hashOf("sunset").slice(0, 8)}.jpg`;
    assert.deepEqual(await archived(copied.disk.path("archive")), { files: { "a.jpg": "sunup!", [other]: "sunset" } });
  });

  test("is reported when the other name is taken as well, and nothing is left behind", async () => {
    const other = `a~${hashOf("sunset").slice(0, 8)}.jpg`;
    const before = { "a.jpg": "dawn", [other]: "dusk" };
    await using copied = await copyAll({ "a.jpg": "sunset" }, ["a.jpg"], { files: before });

    assert.deepEqual(outcomes(copied.executed), ["taken"]);
    assert.deepEqual(await archived(copied.disk.path("archive")), { files: before });
    assert.deepEqual((await readTree(copied.disk.path("archive/.onefold")))["tmp"], {});
  });

  test("is fine when the same content stands there already", async () => {
    await using copied = await copyAll({ "a.jpg": "sunset" }, ["a.jpg"], { files: { "a.jpg": "sunset" } });

    const outcome = only(copied.executed);
    assert.ok(outcome.kind === "alreadyThere" && outcome.hash === hashOf("sunset") && outcome.bytesRead === 6);
    assert.deepEqual(await archived(copied.disk.path("archive")), { files: { "a.jpg": "sunset" } });
  });

  test("is not used when a folder of it is a file or a symbolic link", async () => {
    await using disk = await layOut({ usb: { "a.jpg": "sunset" }, archive: { photos: "a file" }, elsewhere: {} });
    await using run = await startRun(disk.path("archive"));
    const executed = await run.execute([copyOf(await scanned(disk.path("usb"), "a.jpg"), "photos/2019/a.jpg")]);

    assert.deepEqual(outcomes(executed), ["PATH_BLOCKED"]);
    assert.deepEqual((await readTree(disk.path("archive/.onefold")))["tmp"], {});
  });

  test("may be a folder: then the other name is used", async () => {
    await using copied = await copyAll({ "a.jpg": "sunset" }, ["a.jpg"], { files: { "a.jpg": {} } });

    assert.deepEqual(outcomes(copied.executed), ["copied"]);
  });
});

describe("files with the same content that nobody had read before", () => {
  test("get one entry when they come in one batch", async () => {
    await using copied = await copyAll({ "a.jpg": "sunset", "b.jpg": "sunset", "c.jpg": "sunset" });

    assert.deepEqual(outcomes(copied.executed), ["copied", "alreadyThere", "alreadyThere"]);
    assert.deepEqual(await archived(copied.disk.path("archive")), { files: { "a.jpg": "sunset" } });
  });

  test("get one entry when several sources bring them at the same time", async () => {
    const names = Array.from({ length: 300 }, (_, n) => `${n}.jpg`);
    const share = Object.fromEntries(names.map((name) => [name, `picture ${name}`]));
    await using disk = await layOut({ usb: share, nas: share, archive: {} });
    await using run = await startRun(disk.path("archive"));
    const from = async (source: string) => {
      const files = await Promise.all(names.map((name) => scanned(disk.path(source), name, source)));
      return run.execute(files.map((file) => copyOf(file, `${source}/${file.path}`)));
    };

    const kinds = outcomes((await Promise.all([from("usb"), from("nas")])).flat());

    assert.equal(kinds.filter((kind) => kind === "copied").length, 300);
    assert.equal(kinds.filter((kind) => kind === "alreadyThere").length, 300);
    assert.equal(new Set([...run.recorded.values()].map(({ file }) => file.inode)).size, 300);
  });

  test("get a new entry if the recorded one has gone from the archive", async () => {
    await using disk = await layOut({ usb: { "a.jpg": "sunset" }, archive: {} });
    await using run = await startRun(disk.path("archive"));
    const file = await scanned(disk.path("usb"), "a.jpg");
    const gone = { path: joinPath("gone.jpg"), size: 6, modified: file.modified, changed: file.modified };
    const hash = hashOf("sunset");
    run.recorded.set(hash, { hash, file: { ...gone, device: 1n, inode: 1n } });

    assert.deepEqual(outcomes(await run.execute([copyOf(file, "a.jpg")])), ["copied"]);
  });
});

describe("a link", () => {
  test("gives an entry one more name, without new bytes", async () => {
    await using copied = await copyAll({ "a.jpg": "sunset" });
    const [file] = copied.files;
    assert.ok(file !== undefined);
    const link = linkOf(file, { existing: "files/a.jpg", to: "by-source/usb/a.jpg", hash: hashOf("sunset") });

    const outcome = only(await copied.run.execute([link]));

    const entry = await lstat(systemPath(copied.disk.path("archive/files/a.jpg")), { bigint: true });
    assert.ok(outcome.kind === "linked" && outcome.archived.inode === entry.ino && entry.nlink === 2n);
    assert.deepEqual(outcomes(await copied.run.execute([link])), ["alreadyThere"]);
  });

  test("waits for the copies before it, and follows an entry that got another name", async () => {
    await using disk = await layOut({ usb: { "a.jpg": "sunset" }, archive: { "a.jpg": "dawn" } });
    await using run = await startRun(disk.path("archive"));
    const file = await scanned(disk.path("usb"), "a.jpg");
    const link = linkOf(file, { existing: "a.jpg", to: "by-source/a.jpg", hash: hashOf("sunset") });

    assert.deepEqual(outcomes(await run.execute([copyOf(file, "a.jpg"), link])), ["copied", "linked"]);
    assert.deepEqual((await readTree(disk.path("archive")))["by-source"], { "a.jpg": "sunset" });
  });

  test("is not made to a file that is not the recorded one", async () => {
    await using copied = await copyAll({ "a.jpg": "sunset" });
    const [file] = copied.files;
    const entry = copied.run.recorded.get(hashOf("sunset"));
    assert.ok(file !== undefined && entry !== undefined);
    copied.run.recorded.set(entry.hash, { ...entry, file: { ...entry.file, inode: entry.file.inode + 1n } });
    const link = linkOf(file, { existing: "files/a.jpg", to: "b.jpg", hash: entry.hash });

    assert.deepEqual(outcomes(await copied.run.execute([link])), ["ENTRY_CHANGED"]);
    assert.deepEqual(Object.keys(await archived(copied.disk.path("archive"))), ["files"]);
  });

  test("is not made when its content has no entry", async () => {
    await using disk = await layOut({ usb: { "a.jpg": "sunset" }, archive: {} });
    await using run = await startRun(disk.path("archive"));
    const link = linkOf(await scanned(disk.path("usb"), "a.jpg"), { existing: "x", to: "y", hash: null });

    assert.deepEqual(outcomes(await run.execute([link])), ["ENTRY_MISSING"]);
  });
});
