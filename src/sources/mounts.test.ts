import assert from "node:assert/strict";
import { realpathSync } from "node:fs";
import { describe, test } from "node:test";
import type { PathText } from "../model/path.ts";
import { inodesTrusted, type Mount, mountOf, mountsBelow, parseMounts, readMounts } from "./mounts.ts";

const table = String.raw`
22 1 8:2 / / rw,relatime shared:1 - ext4 /dev/sda2 rw,errors=remount-ro
30 22 0:45 / /mnt/nas rw,relatime shared:12 master:3 - cifs //nas/share\040one rw,vers=3.1.1
31 22 0:46 /@photos /mnt/with\040space\134and\011tab ro,relatime - btrfs /dev/sdb1 rw,subvol=/@photos
32 22 0:47 / /mnt/nas2 rw - fuse.sshfs user@host: rw
33 30 8:17 / /mnt/nas/disk rw - xfs /dev/sdc1 ro
34 22 0:48 / /tank rw - zfs tank rw
nonsense
`;

const mountsOf = (text: string) => parseMounts(Buffer.from(text, "latin1"));
const at = (path: string, mounts = mountsOf(table)) => mountOf(path as PathText, mounts);
const byPoint = (point: string) => mountsOf(table).find(({ mountPoint }) => mountPoint === point) as Mount;

describe("parseMounts", () => {
  test("reads every field, whatever optional ones stand between", () => {
    assert.deepEqual(byPoint("/mnt/nas"), {
      id: 30,
      parentId: 22,
      device: "0:45",
      root: "/",
      mountPoint: "/mnt/nas",
      fsType: "cifs",
      source: "//nas/share one",
      readOnly: false,
      options: ["rw", "relatime", "rw", "vers=3.1.1"],
      remote: true,
    });
  });

  test("reads blanks, tabs and backslashes in names as they are", () => {
    const mount = mountsOf(table).find(({ fsType }) => fsType === "btrfs");
    assert.equal(mount?.mountPoint, "/mnt/with space\\x5cand\\x09tab");
    assert.equal(mount?.root, "/@photos");
  });

  test("reads names that are no UTF-8", () => {
    assert.equal(mountsOf("1 1 8:1 / /m\xff rw - ext4 /dev/x rw")[0]?.mountPoint, "/m\\xff");
  });

  test("leaves out what it does not understand", () => assert.equal(mountsOf(table).length, 6));

  test("sees a disk that is mounted read-only, by the mount or by the file system", () => {
    assert.ok(at("/mnt/nas/disk")?.readOnly);
    assert.ok(mountsOf(table).find(({ id }) => id === 31)?.readOnly);
    assert.ok(!at("/")?.readOnly);
  });
});

describe("mountOf", () => {
  test("takes the deepest mount a path lies in", () => {
    assert.equal(at("/mnt/nas/disk/a")?.id, 33);
    assert.equal(at("/mnt/nas/other")?.id, 30);
    assert.equal(at("/mnt/nas")?.id, 30);
    assert.equal(at("/home")?.id, 22);
  });

  test("a folder whose name only begins like a mount point is not in it", () => {
    assert.equal(at("/mnt/nas22")?.id, 22);
    assert.equal(at("/mnt/nas2/a")?.id, 32);
  });

  test("of two mounts on one folder the later one counts", () => {
    const twice = mountsOf(`${table}40 30 0:50 / /mnt/nas rw - nfs4 host:/x rw\n`);
    assert.equal(at("/mnt/nas/a", twice)?.id, 40);
  });

  test("a mount hides those that were made below its folder before", () => {
    const hidden = mountsOf(`${table}41 22 0:51 / /mnt rw - tmpfs tmpfs rw\n`);
    assert.equal(at("/mnt/nas/a", hidden)?.id, 41);
  });

  test("without a root in sight it takes the longest mount point", () => {
    const partial = mountsOf("5 4 0:1 / /a rw - nfs h:/ rw\n6 4 0:2 / /a/b rw - nfs h:/b rw\n");
    assert.equal(at("/a/b/c", partial)?.id, 6);
    assert.equal(at("/c", partial), null);
  });

  test("finds the mount of a real folder", () => {
    const mount = mountOf(realpathSync(".") as PathText, readMounts());
    assert.ok(mount !== null && mount.fsType !== "");
  });
});

describe("mountsBelow", () => {
  const below = (root: string, more = "") =>
    mountsBelow(root as PathText, mountsOf(`${table}${more}`)).map(({ mountPoint }) => mountPoint);

  test("names what is mounted inside a folder, and not the folder's own mount or its neighbours", () => {
    assert.deepEqual(below("/mnt/nas"), ["/mnt/nas/disk"]);
    assert.deepEqual(below("/mnt/nas2"), []);
    assert.deepEqual(below("/home"), []);
  });

  test("leaves out what comes and goes by itself", () => {
    const server = "50 30 0:60 / /mnt/nas/child rw - cifs //nas/share/child rw\n";
    const automatic =
      "51 34 0:61 / /tank/auto rw - autofs auto rw\n52 51 0:62 / /tank/auto/usb rw - ext4 /dev/sdx1 rw\n";
    const snapshot = "53 34 0:63 / /tank/.zfs/snapshot/daily ro - zfs tank@daily ro\n";
    assert.deepEqual(below("/mnt/nas", server), ["/mnt/nas/disk"]);
    assert.deepEqual(below("/tank", `${automatic}${snapshot}`), ["/tank/auto"]);
  });
});

describe("inodesTrusted", () => {
  test("believes local disks and not what a server or a program makes up", () => {
    assert.ok(inodesTrusted(byPoint("/")));
    assert.ok(inodesTrusted(byPoint("/tank")));
    assert.ok(!inodesTrusted(byPoint("/mnt/nas")));
    assert.ok(!inodesTrusted(byPoint("/mnt/nas2")));
    const [ntfs] = mountsOf("7 1 8:3 / /d rw - fuseblk /dev/sdd1 rw");
    assert.ok(ntfs !== undefined && !ntfs.remote && !inodesTrusted(ntfs));
  });
});
