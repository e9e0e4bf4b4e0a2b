import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { PathText } from "../model/path.ts";
import { findSamePlace } from "./aliases.ts";
import { mountOf, parseMounts } from "./mounts.ts";

const table = `
22 1 8:2 / / rw - ext4 /dev/sda2 rw
30 22 0:45 / /mnt/nas rw - cifs //nas/share rw
31 22 0:46 / /mnt/sub rw - cifs //NAS/share/photos rw
32 22 0:45 /photos /mnt/again rw - cifs //nas/share/photos rw
33 22 0:47 / /mnt/other rw - cifs //nas/shared rw
34 22 8:2 /home/anna /mnt/bound rw - ext4 /dev/sda2 rw
35 22 0:48 /@photos /mnt/photos rw - btrfs /dev/sdb1 rw
36 22 0:48 /@films /mnt/films rw - btrfs /dev/sdb1 rw
37 22 0:48 / /mnt/pool rw - btrfs /dev/sdb1 rw
38 22 0:50 / /mnt/export rw - nfs4 nas:/export rw
39 22 0:51 / /mnt/inner rw - nfs4 nas:/export/a rw
40 22 0:52 / /mnt/cloud1 rw - fuse.rclone remote rw
41 22 0:53 / /mnt/cloud2 rw - fuse.rclone remote rw
`;
const mounts = parseMounts(Buffer.from(table));

function samePlace(...roots: readonly string[]): readonly string[] | null {
  const found = findSamePlace(
    roots.map((root) => ({ root: root as PathText, mount: mountOf(root as PathText, mounts) })),
  );
  return found === null ? null : found.map(({ root }) => root);
}

describe("findSamePlace", () => {
  test("finds two mounts of one share, and of a folder in it", () => {
    assert.deepEqual(samePlace("/mnt/nas", "/mnt/sub"), ["/mnt/nas", "/mnt/sub"]);
    assert.deepEqual(samePlace("/mnt/sub", "/mnt/nas"), ["/mnt/nas", "/mnt/sub"]);
    assert.deepEqual(samePlace("/mnt/again", "/mnt/sub"), ["/mnt/again", "/mnt/sub"]);
    assert.deepEqual(samePlace("/mnt/nas/photos/2019", "/mnt/again"), ["/mnt/again", "/mnt/nas/photos/2019"]);
    assert.deepEqual(samePlace("/mnt/export/a/b", "/mnt/inner/b"), ["/mnt/export/a/b", "/mnt/inner/b"]);
  });

  test("finds bind mounts and subvolumes", () => {
    assert.deepEqual(samePlace("/mnt/bound", "/home"), ["/home", "/mnt/bound"]);
    assert.deepEqual(samePlace("/mnt/bound/x", "/home/anna/x"), ["/mnt/bound/x", "/home/anna/x"]);
    assert.deepEqual(samePlace("/mnt/photos", "/mnt/pool"), ["/mnt/pool", "/mnt/photos"]);
  });

  test("lets folders be that lie beside one another", () => {
    assert.equal(samePlace("/mnt/nas/music", "/mnt/sub", "/mnt/other"), null);
    assert.equal(samePlace("/mnt/bound", "/home/ann", "/home/annabel"), null);
    assert.equal(samePlace("/mnt/photos", "/mnt/films"), null);
    assert.equal(samePlace("/mnt/export/b", "/mnt/inner"), null);
  });

  test("takes a mere name for no address", () => assert.equal(samePlace("/mnt/cloud1", "/mnt/cloud2"), null));
});
