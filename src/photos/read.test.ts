import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, readdir, readFile, symlink, truncate, writeFile } from "node:fs/promises";
import { describe, test } from "node:test";
import { categoryOf } from "../model/category.ts";
import { nameOf, pathText } from "../model/path.ts";
import { temporaryFolder } from "../testing/folder.ts";
import { aBox, aFilm, aPhoto, aTiff } from "../testing/media.ts";
import { exiftoolAvailable } from "./exiftool-process.ts";
import { type EvidenceRequest, type EvidenceResult, readEvidence } from "./read.ts";

const at = "2019:07:04 12:33:11";
const seen = "2019-07-04T12:33:11";
/** JPEG 2000 with EXIF in a box of its own: a format left to exiftool. */
const forExiftool = Buffer.concat([
  aBox("jP  ", Buffer.from([0x0d, 0x0a, 0x87, 0x0a])),
  aBox("ftyp", Buffer.from("jp2 \0\0\0\0jp2 ")),
  aBox("uuid", Buffer.from("JpgTiffExif->JP2"), aTiff({ exif: { 36867: at } })),
]);

const exiftool = await exiftoolAvailable();
const skip = exiftool.available ? false : `exiftool cannot run here: ${exiftool.reason}`;

async function folder(): Promise<{ path: (name: string | Buffer) => Buffer } & AsyncDisposable> {
  const { path: root, ...scope } = await temporaryFolder();
  return { ...scope, path: (name) => Buffer.concat([Buffer.from(`${root}/`), Buffer.from(name)]) };
}

function request(path: Buffer, id = 0): EvidenceRequest {
  const name = nameOf(pathText(path));
  return { id, source: "phone", path: pathText(path), name, size: 1, category: categoryOf(name) };
}

async function readAll(paths: readonly Buffer[], tools = 0, signal?: AbortSignal): Promise<EvidenceResult[]> {
  const results: EvidenceResult[] = [];
  const options = { threads: 2, exiftool: tools, ...(signal === undefined ? {} : { signal }) };
  for await (const result of readEvidence(paths.map(request), options)) results[result.id] = result;
  return results;
}

const summary = (result: EvidenceResult | undefined) =>
  result === undefined
    ? "none"
    : "evidence" in result
      ? (result.evidence.dates[0]?.at ?? "undated")
      : result.unreadable;

/** exiftool processes that this test process has started. */
async function helpers(): Promise<number> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/stat`, "utf8").catch(() => "")));
  return lines.filter((line) => line.includes("(perl)") && line.split(") ")[1]?.split(" ")[1] === String(process.pid))
    .length;
}

describe("readEvidence", () => {
  test("reads the beginning of a large photo, and of a film what its boxes point to", async () => {
    await using disk = await folder();
    const names = ["a.jpg", "film.mov"];
    await writeFile(disk.path("a.jpg"), Buffer.concat([aPhoto(at), Buffer.alloc(4_000_000)]));
    await writeFile(disk.path("film.mov"), Buffer.concat([aFilm(3_645_088_391), Buffer.alloc(4_000_000)]));

    const results = await readAll(names.map(disk.path));

    assert.deepEqual(results.map(summary), [seen, seen]);
    assert.ok(results.every(({ bytesRead }) => bytesRead <= 16_384));
  });

  test("reads files of any name, also of bytes that are no text", async () => {
    await using disk = await folder();
    const names = [
      Buffer.from("line\nbreak.jpg"),
      Buffer.from("-rf.jpg"),
      Buffer.from([0xff, 0xe4, 0x2e, 0x6a, 0x70, 0x67]),
    ];
    for (const name of names) await writeFile(disk.path(name), aPhoto(at));

    assert.deepEqual((await readAll(names.map(disk.path))).map(summary), [seen, seen, seen]);
  });

  test("tells what cannot be read, and goes on", async () => {
    await using disk = await folder();
    await writeFile(disk.path("z.jpg"), aPhoto(at));
    await symlink(disk.path("z.jpg"), disk.path("link.jpg"));
    await mkdir(disk.path("folder.jpg"));
    execFileSync("mkfifo", [disk.path("pipe.jpg").toString()]);
    const names = ["gone.jpg", "link.jpg", "folder.jpg", "pipe.jpg", "z.jpg"];

    const results = await readAll(names.map(disk.path));

    assert.deepEqual(results.map(summary), ["ENOENT", "ELOOP", "UNREADABLE", "UNREADABLE", seen]);
  });

  test("reads 4 KiB of a photo that is noise, and starts no exiftool for it", async () => {
    await using disk = await folder();
    const noise = Buffer.from(Array.from({ length: 300_000 }, (_, n) => ((n * 2_654_435_761) >>> 13) & 0xff));
    for (const name of ["a.jpg", "b.jpg"]) await writeFile(disk.path(name), noise);

    const results = await readAll(["a.jpg", "b.jpg"].map(disk.path), 1);

    assert.deepEqual(results.map(summary), ["undated", "undated"]);
    assert.deepEqual(
      results.map(({ bytesRead }) => bytesRead),
      [4096, 4096],
    );
  });

  test("reads a film of gigabytes by its structure", async () => {
    await using disk = await folder();
    await writeFile(
      disk.path("big.mov"),
      Buffer.concat([Buffer.from([0, 0, 0, 1]), Buffer.from("mdat"), Buffer.from([0, 0, 0, 1, 0, 0, 0, 0])]),
    );
    await truncate(disk.path("big.mov"), 2 ** 32);
    await writeFile(disk.path("big.mov"), aFilm(3_645_088_391), { flag: "a" });

    const [result] = await readAll([disk.path("big.mov")]);

    assert.equal(summary(result), seen);
    assert.ok((result?.bytesRead ?? 0) < 16_384);
  });

  test("says what stays unread without exiftool", async () => {
    await using disk = await folder();
    await writeFile(disk.path("a.jp2"), forExiftool);
    const [result] = await readAll([disk.path("a.jp2")]);
    assert.equal(result !== undefined && "unread" in result ? result.unread : "", "jp2: exiftool is not used");
  });

  test("asks exiftool where it must, whatever the name, and leaves no process behind", { skip }, async () => {
    await using disk = await folder();
    const names = [Buffer.from("a\n-execute\n.jp2"), Buffer.from([0x2d, 0xff, 0x2e, 0x6a, 0x70, 0x32])];
    for (const name of names) await writeFile(disk.path(name), forExiftool);

    const results = await readAll(names.map(disk.path), 2);

    assert.deepEqual(results.map(summary), [seen, seen]);
    assert.ok(results.every(({ bytesRead }) => bytesRead <= 2 * forExiftool.length));
    assert.equal(await helpers(), 0);
  });

  test("stops when told to, and stops exiftool", { skip }, async () => {
    await using disk = await folder();
    await writeFile(disk.path("a.jp2"), forExiftool);
    const stop = new AbortController();
    const paths = Array.from({ length: 3000 }, () => disk.path("a.jp2"));
    setTimeout(() => stop.abort(new Error("enough")), 500);

    await assert.rejects(readAll(paths, 2, stop.signal), /enough/);

    assert.equal(await helpers(), 0);
  });
});
