import assert from "node:assert/strict";
import { closeSync, constants, lstatSync, openSync, readdirSync, truncateSync } from "node:fs";
import { describe, test } from "node:test";
import { fileFrom, hardLinkTo, layOut, symlinkTo } from "../testing/tree.ts";
import { systemCalls } from "./system-calls.ts";

const calls = await systemCalls();
const skip = calls === null ? "koffi has no binary for this machine" : false;

describe("the C library's calls", { skip }, () => {
  const odd = {
    "a.jpg": "hello",
    "empty.txt": "",
    "naïve 日本.txt": "text",
    "before 1970": fileFrom(-1_234_567_891_000n, "old"),
    "linked.jpg": hardLinkTo("a.jpg"),
    "link to a.jpg": symlinkTo("a.jpg"),
    folder: { "b.jpg": "below" },
  };

  test("tell of whatever lies in a folder what node tells", async () => {
    await using disk = await layOut(odd);
    const folder = openSync(disk.root, constants.O_RDONLY | constants.O_DIRECTORY);
    for (const name of readdirSync(disk.root)) {
      const { size, nlink, ino, dev, mtimeNs, ctimeNs, ...stat } = lstatSync(disk.path(name), { bigint: true });

      assert.equal(calls?.statx(folder, name), 0, name);
      const { found } = calls;
      assert.deepEqual(
        [found.size, found.nlink, found.ino, found.dev, found.mtimeNs, found.ctimeNs],
        [Number(size), Number(nlink), ino, dev, mtimeNs, ctimeNs],
        name,
      );
      assert.equal(found.isFile, (Number(stat.mode) & constants.S_IFMT) === constants.S_IFREG, name);
    }
    assert.equal(calls?.statx(folder, "nothing"), -1);
    closeSync(folder);
  });

  test("open and read a file, but follow no link to one", async () => {
    await using disk = await layOut(odd);
    const folder = openSync(disk.root, constants.O_RDONLY | constants.O_DIRECTORY);
    const fd = calls?.openForReading(folder, "a.jpg") ?? -1;
    const bytes = Buffer.alloc(10);

    assert.equal(calls?.read(fd, bytes, 10), 5);
    assert.equal(bytes.toString("utf8", 0, 5), "hello");
    assert.equal(calls?.statx(fd, ""), 0);
    assert.equal(calls?.found.size, 5);
    assert.equal(calls?.isInMemory(fd), true);
    calls?.readAhead(fd, 0, 5);
    assert.equal(calls?.close(fd), 0);
    assert.equal(calls?.openForReading(folder, "link to a.jpg"), -1);
    assert.equal(calls?.openForReading(folder, "nothing"), -1);
    closeSync(folder);
  });

  test("tell the size of a file of more than 4 GiB", async () => {
    await using disk = await layOut({ "film.mkv": "" });
    truncateSync(disk.path("film.mkv"), 5_000_000_123);
    const folder = openSync(disk.root, constants.O_RDONLY | constants.O_DIRECTORY);

    assert.equal(calls?.statx(folder, "film.mkv"), 0);
    assert.equal(calls?.found.size, 5_000_000_123);
    closeSync(folder);
  });
});
