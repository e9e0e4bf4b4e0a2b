import assert from "node:assert/strict";
import { link, lstat, mkdir, open, readdir, readFile, rename, unlink, utimes, writeFile } from "node:fs/promises";
import { describe, type TestContext, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { pathText } from "../../model/path.ts";
import { temporaryFolder } from "../folder.ts";
import { type CrashMount, crashMount, type FaultyMount, faultyMount, noMounts } from "./mount.ts";

describe("a disk that loses its power", () => {
  const onDisk = async (t: TestContext, story: (disk: CrashMount) => Promise<void>): Promise<void> => {
    await using disk = await crashMount();
    if (disk === null) return t.skip(noMounts);
    await story(disk);
  };
  const flush = async (path: string) => {
    await using file = await open(path, "r");
    await file.sync();
  };

  test("keeps what was flushed, bytes by the file and names by the folder", async (t) => {
    await onDisk(t, async (disk) => {
      const path = (name: string) => `${disk.root}/${name}`;
      await mkdir(path("d"));
      await writeFile(path("d/whole"), "x".repeat(10_000));
      await writeFile(path("d/named"), "x");
      await writeFile(path("d/loose"), "x");
      await utimes(path("d/whole"), "-1.5", "-1.5");
      await flush(path("d/whole"));
      await flush(path("d"));
      await flush(disk.root);
      await writeFile(path("d/late"), "x");
      await flush(path("d/late"));
      await disk.crash("everything");

      assert.deepEqual((await readdir(path("d"))).sort(), ["loose", "named", "whole"]);
      assert.equal(await readFile(path("d/whole"), "utf8"), "x".repeat(10_000));
      assert.equal((await lstat(path("d/whole"), { bigint: true })).mtimeNs, -1_500_000_000n);
      assert.equal((await lstat(path("d/named"))).size, 0);
    });
  });

  test("keeps of all else what chance leaves: in every state that it was in, and in none other", async (t) => {
    await onDisk(t, async (disk) => {
      const path = (name: string) => `${disk.root}/${name}`;
      const states = new Set<string>();
      await writeFile(path("old"), "old");
      await disk.flush();
      for (let seed = 0; seed < 60; seed++) {
        await writeFile(path("draft"), "new!");
        await flush(path("draft"));
        await rename(path("draft"), path("old"));
        await link(path("old"), path("second"));
        await disk.crash(seed);
        states.add(`${await readFile(path("old"), "utf8")} ${(await readdir(disk.root)).sort()}`);
        const { nlink } = await lstat(path("old"));
        assert.ok(nlink >= 1 && nlink <= 3);
        for (const name of await readdir(disk.root)) await unlink(path(name));
        await writeFile(path("old"), "old");
        await disk.flush();
      }

      assert.ok(states.has("old old") && states.has("new! old") && states.has("new! old,second"), [...states].join());
      assert.ok([...states].every((state) => /^(?:old|new!) /.test(state)));
    });
  });

  test("stops before the change that it was told to stop before", async (t) => {
    await onDisk(t, async (disk) => {
      const { frozen } = await disk.freezeAt(2);
      await mkdir(`${disk.root}/first`);
      const second = mkdir(`${disk.root}/second`).catch((error: unknown) => error);
      await frozen;
      await disk.flush();
      await disk.crash("everything");

      assert.equal(Object(await second).code, "EIO");
      assert.deepEqual(await readdir(disk.root), ["first"]);
    });
  });
});

describe("a share with faults", () => {
  const onShare = async (t: TestContext, story: (share: FaultyMount, real: string) => Promise<void>): Promise<void> => {
    await using folder = await temporaryFolder();
    await using share = await faultyMount(pathText(Buffer.from(folder.path)));
    if (share === null) return t.skip(noMounts);
    await story(share, folder.path);
  };

  test("shows the folder as it is, and what is written to it lands there", async (t) => {
    await onShare(t, async (share, real) => {
      await mkdir(`${share.root}/caf\u00e9`);
      await writeFile(`${share.root}/caf\u00e9/a`, "a".repeat(3_000_000));
      await link(`${share.root}/caf\u00e9/a`, `${share.root}/b`);
      await unlink(`${share.root}/caf\u00e9/a`);
      await rename(`${share.root}/caf\u00e9`, `${share.root}/d`);

      assert.deepEqual((await readdir(real)).sort(), ["b", "d"]);
      assert.equal((await readFile(`${share.root}/b`)).compare(await readFile(`${real}/b`)), 0);
    });
  });

  test("lets what hangs go when the rules change", async (t) => {
    await onShare(t, async (share) => {
      await share.set([{ on: ["mkdir"], fault: { hang: true } }]);
      const made = mkdir(`${share.root}/a`);
      while ((await share.calls()).mkdir !== 1) await delay(10);
      await share.set([{ on: "everything", path: "^a$", fault: { fail: "ENOTCONN" } }]);
      await made;

      await assert.rejects(lstat(`${share.root}/a`), { code: "ENOTCONN" });
    });
  });
});
