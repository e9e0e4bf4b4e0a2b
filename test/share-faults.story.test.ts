import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { describe, type TestContext, test } from "node:test";
import { sql } from "../src/inventory/database.ts";
import { type FaultyMount, faultyMount, noMounts, type Rule } from "../src/testing/fuse/mount.ts";
import { filesIn, type Household, household, snapshot } from "../src/testing/household.ts";
import type { Summary } from "../src/testing/onefold.ts";
import { brokenPromises } from "../src/testing/promises.ts";
import { layOut, type Tree } from "../src/testing/tree.ts";

/** A household of which one part, a source or the archive, lies on a share that fails as told. */
interface Shared {
  readonly home: Household;
  readonly share: FaultyMount;
}

/** Tells a story; skips it where nothing can be mounted. At its end the share is calm, and one more run makes all good. */
async function onShare(
  t: TestContext,
  { sources, shared }: { readonly sources: Tree; readonly shared: string },
  story: (at: Shared) => Promise<void>,
): Promise<void> {
  await using disk = await layOut({ [shared]: sources[shared] ?? {} });
  await using share = await faultyMount(disk.path(shared));
  if (share === null) return t.skip(noMounts);
  await using home = await household(sources, { elsewhere: { [shared]: share.root } });
  const before = await snapshot(disk.path(shared));
  await story({ home, share });
  await share.set([]);
  await home.run();
  assert.deepEqual(await brokenPromises(home), []);
  if (shared !== "archive") assert.equal(filesIn(before).length, filesIn(await snapshot(disk.path(shared))).length);
}

const listed = ({ problems }: Summary) => [...new Set(problems.map(({ path, code }) => `${path} ${code}`))].sort();
const filesOf = async (home: Household) => Object.keys(Object(await home.archived()).files ?? {}).sort();

describe("a share that a source lies on", () => {
  const phone = {
    "a.txt": "a",
    "bad.bin": "x".repeat(300_000),
    "c.txt": "c",
    docs: { "d.txt": "d", "e.txt": "e" },
    more: { "g.txt": "g" },
  };
  const onPhone = { sources: { phone, laptop: { "c too.txt": "c", "f.txt": "f" } }, shared: "phone" };
  const bad = (on: Rule["on"], fault: Rule["fault"], more: Partial<Rule> = {}): Rule => {
    return { on, path: "^bad\\.bin$", fault, ...more };
  };

  test("and whose disk cannot read one file: it is listed, the others are archived", async (t) => {
    await onShare(t, onPhone, async ({ home, share }) => {
      await share.set([bad(["read"], { fail: "EIO" })]);
      const summary = await home.run({ status: 3 });

      assert.deepEqual(listed(summary), ["bad.bin EIO"]);
      assert.deepEqual(await filesOf(home), ["a.txt", "c.txt", "docs", "f.txt", "more"]);
    });
  });

  test("and that fails in the middle of a file, once: the file is read again, from its beginning", async (t) => {
    await onShare(t, onPhone, async ({ home, share }) => {
      await share.set([bad(["read"], { atMostBytes: 100_000 }), bad(["read"], { fail: "EIO" }, { nth: 2 })]);
      const { consolidate } = await home.run();

      assert.equal(consolidate.failed, 0);
    });
  });

  test("and that ends a listing too early, without an error: nothing counts as gone", async (t) => {
    const many = Object.fromEntries(Array.from({ length: 30 }, (_, n) => [`${n}.txt`, `content ${n}`]));
    const album = { ...many, deep: { "z.txt": "z" } };
    await onShare(t, { sources: { phone: { album } }, shared: "phone" }, async ({ home, share }) => {
      await home.run();
      await share.set([{ on: ["readdir"], path: "^album$", times: 1, fault: { fail: "ENOENT", afterNames: 3 } }]);
      const { scan } = await home.run();

      assert.deepEqual([scan.files, scan.unchanged, scan.missing], [31, 31, 0]);
    });
  });

  test("and that refuses, forgets and loses files: they are listed, the others are archived", async (t) => {
    await onShare(t, onPhone, async ({ home, share }) => {
      await share.set([
        bad(["open"], { fail: "EACCES" }),
        { on: ["open"], path: "^c\\.txt$", fault: { fail: "ESTALE" } },
        { on: ["open"], path: "^docs/d\\.txt$", fault: { fail: "ENOENT" } },
      ]);

      assert.deepEqual(listed(await home.run({ status: 3 })), ["bad.bin EACCES", "c.txt ESTALE", "docs/d.txt ENOENT"]);
      assert.deepEqual(await filesOf(home), ["a.txt", "c too.txt", "docs", "f.txt", "more"]);
    });
  });

  test("and that gives less than it is asked for: all is read to its end", async (t) => {
    await onShare(t, onPhone, async ({ home, share }) => {
      await share.set([{ on: ["read"], fault: { atMostBytes: 7_001 } }]);
      const { problems, scan } = await home.run();

      assert.deepEqual(problems, []);
      assert.ok((await share.calls()).read ?? 0 > 300_000 / 7_001, "reads were short");
      assert.ok(scan.readBytes < 2 * scan.bytes);
    });
  });

  test("and whose listings break off: nothing counts as gone", async (t) => {
    await onShare(t, onPhone, async ({ home, share }) => {
      await home.run();
      await share.set([
        { on: ["readdir"], path: "^docs$", fault: { fail: "EIO", afterNames: 1 } },
        { on: ["readdir"], path: "^more$", fault: { fail: "ESTALE", afterNames: 0 } },
        bad(["lookup"], { fail: "ENOENT" }),
      ]);
      const summary = await home.run({ status: 3 });

      assert.equal(summary.scan.missing, 0);
      assert.deepEqual(listed(summary), ["bad.bin ENOENT", "docs EIO", "more ESTALE"]);
      await share.set([]);
      const after = await home.run();
      assert.deepEqual([after.scan.missing, after.scan.new, after.plan.copyFiles], [0, 0, 0]);
    });
  });

  test("and whose listing is interrupted by a signal: it is listed again", async (t) => {
    await onShare(t, onPhone, async ({ home, share }) => {
      await share.set([{ on: ["readdir"], path: "^docs$", times: 1, fault: { fail: "EINTR", afterNames: 1 } }]);
      const { scan } = await home.run();

      assert.deepEqual([scan.files, scan.unreadable], [8, 0]);
    });
  });

  test("and that gives wrong bytes for a file whose content is known: they are not archived in its place", async (t) => {
    const right = "x".repeat(300_000);
    const twins = { sources: { phone, laptop: { "twin.bin": right } }, shared: "phone" };
    await onShare(t, twins, async ({ home, share }) => {
      await home.onefold(["scan", ...home.places]);
      await share.set([bad(["read"], { flipBit: true })]);
      const ended = await home.onefold(["consolidate", "--json", ...home.places]);

      assert.equal(ended.status, 6, ended.stderr);
      assert.match(ended.stdout, /"path":"bad.bin","code":"CONTENT_CHANGED"/);
      // What stands there, if anything, is the twin's.
      const { "bad.bin": bytes = right } = Object(await home.archived()).files;
      assert.ok(bytes === right);
    });
  });

  test("and that gives wrong bytes once, for a file nobody has read before: both contents stay, none in the other's place", async (t) => {
    await onShare(t, onPhone, async ({ home, share }) => {
      await share.set([bad(["read"], { flipBit: true }, { times: 1 })]);
      await home.run();
      assert.match(String(Object(await home.archived()).files["bad.bin"]).slice(0, 3), /^yxx$/);
      await share.set([]);
      // A file that is touched is read again.
      await writeFile(home.path("phone/bad.bin"), "x".repeat(300_000));
    });
  });

  test("and on which a file changes while it is read: neither half old, half new, nor lost", async (t) => {
    await onShare(t, onPhone, async ({ home, share }) => {
      await share.set([
        bad(["read"], { atMostBytes: 100_000 }),
        bad(["read"], { changeMeanwhile: true }, { nth: 2 }),
        bad(["read"], { changeMeanwhile: true }, { nth: 4 }),
      ]);
      const summary = await home.run({ status: 3 });

      assert.match(listed(summary).join(), /^bad\.bin CHANGED_(?:WHILE_READ|SINCE_SCAN)$/);
      assert.ok(!(await filesOf(home)).includes("bad.bin"));
    });
  });

  test("and whose inode numbers change with every look, and files have one link: nothing is read twice for it", async (t) => {
    await onShare(t, onPhone, async ({ home, share }) => {
      await share.set([{ on: ["lookup", "getattr"], fault: { seen: { otherInode: true, links: 1 } } }]);
      await home.run();
      const again = await home.run();

      assert.deepEqual([again.scan.changed, again.scan.new, again.plan.copyFiles], [0, 0, 0]);
      assert.deepEqual(await brokenPromises(home), []);
    });
  });

  test("and whose server is gone in the middle: what was archived stays, nothing counts as gone", async (t) => {
    await onShare(t, onPhone, async ({ home, share }) => {
      await home.run();
      await share.set([{ on: "everything", fault: { fail: "ENOTCONN" } }]);
      const { status } = await home.onefold(["run", ...home.places]);

      assert.ok(status !== 0 && status !== 1, `ended with ${status}`);
      await share.set([]);
      const { scan } = await home.run();
      assert.deepEqual([scan.missing, scan.new], [0, 0]);
    });
  });
});

describe("a share that the archive lies on", () => {
  const onArchive = {
    sources: { phone: { "a.txt": "a", "b.bin": "b".repeat(300_000), "c.txt": "c" } },
    shared: "archive",
  };
  const tmp = "^\\.onefold/tmp/";
  const archived = (on: Rule["on"], fault: Rule["fault"], more: Partial<Rule> = {}): Rule => ({
    on,
    path: tmp,
    fault,
    ...more,
  });

  const entries = async (home: Household) => (await home.database.query(sql`select from entry`)).length;
  const published = async (home: Household) => (await filesOf(home)).length;

  test("and fails once, or takes less than it is given: files are written anew, or further", async (t) => {
    await onShare(t, onArchive, async ({ home, share }) => {
      await home.run();
      const once: readonly Rule[] = [
        archived(["fsync"], { fail: "EIO" }, { times: 1 }),
        // The first is that of a file that only tries whether links can be made here.
        archived(["flush"], { fail: "EIO" }, { nth: 2 }),
        archived(["write"], { fail: "EIO" }, { times: 1 }),
        archived(["write"], { atMostBytes: 4_321 }),
      ];
      for (const [n, rule] of once.entries()) {
        await share.set([rule]);
        await writeFile(home.path(`phone/${n}.bin`), `${n}`.repeat(20_000));
        const { consolidate } = await home.run();
        assert.equal(consolidate.failed, 0, JSON.stringify(rule));
      }
    });
  });

  test("and goes on failing: nothing counts as done, nothing is published, and the next run makes it good", async (t) => {
    const lasting: readonly (readonly [rule: Rule, status: number, code: RegExp])[] = [
      [archived(["fsync"], { fail: "EIO" }), 3, /"code":"EIO"/],
      [archived(["flush"], { fail: "EIO" }, { from: 2 }), 3, /"code":"EIO"/],
      [archived(["write"], { fail: "ENOSPC" }), 4, /ARCHIVE_FULL/],
      [archived(["write"], { fail: "EDQUOT" }), 4, /ARCHIVE_FULL/],
      [archived(["fsync"], { fail: "EDQUOT" }), 4, /ARCHIVE_FULL/],
      [archived(["write"], { flipBit: true }), 6, /"code":"WRITTEN_WRONG"/],
    ];
    await onShare(t, onArchive, async ({ home, share }) => {
      await home.run();
      const before = [await entries(home), await published(home)];
      await writeFile(home.path("phone/new.bin"), "new".repeat(20_000));
      for (const [rule, expected, code] of lasting) {
        await share.set([rule]);
        const { status, stdout, stderr } = await home.onefold(["run", "--json", ...home.places]);

        assert.equal(status, expected, JSON.stringify(rule) + stderr + stdout);
        assert.match(stdout, code);
        assert.deepEqual([await entries(home), await published(home)], before, JSON.stringify(rule));
      }
    });
  });

  test("and does not answer any more: what only reads it ends, and takes nothing for lost", async (t) => {
    await onShare(t, onArchive, async ({ home, share }) => {
      await home.run();
      await home.write("onefold.toml", "[scan]\nstall-seconds = 2\n");
      const asked: readonly (readonly [args: readonly string[], on: Rule["on"]])[] = [
        [["verify", "--all"], ["open"]],
        [["covered", "phone", "--recheck"], ["open"]],
        [
          ["covered", "phone"],
          ["lookup", "getattr"],
        ],
      ];
      for (const [args, on] of asked) {
        await share.set([{ on, path: "^files/", fault: { hang: true } }]);
        const running = home.start([...args, ...home.places]);
        await running.said("[ARCHIVE_LOST]");
        // The system keeps a process whose thread waits for the share.
        await share.set([]);
        const { status, stderr } = await running.ended;

        assert.match(stderr, /does not answer.*\[ARCHIVE_LOST\]/, args.join(" "));
        assert.equal(status, 5, stderr);
      }
      assert.deepEqual(await home.database.query(sql`select from entry where damaged_hash is not null`), []);
    });
  });

  for (const [what, rule] of Object.entries({
    folders: { on: ["fsyncdir"], path: "^files$", fault: { fail: "EIO" } },
    journal: { on: ["fsync"], path: "^\\.onefold/journal/", nth: 2, fault: { fail: "EIO" } },
  } satisfies Record<string, Rule>)) {
    test(`and whose ${what} cannot be flushed: nothing counts as done, and the next run makes it good`, async (t) => {
      await onShare(t, onArchive, async ({ home, share }) => {
        await share.set([rule]);
        const { status, stderr } = await home.onefold(["run", ...home.places]);

        assert.equal(status, 5, stderr);
        assert.match(stderr, /ARCHIVE_LOST/);
        assert.equal(await entries(home), 0);
      });
    });
  }
});
