import assert from "node:assert/strict";
import { appendFileSync, linkSync, renameSync, symlinkSync, unlinkSync, utimesSync, writeFileSync } from "node:fs";
import { chmod, lstat, readdir } from "node:fs/promises";
import { describe, test } from "node:test";
import { blake3 } from "@napi-rs/blake-hash";
import type { EqualFile } from "../inventory/relinkable.ts";
import { toHash } from "../model/file.ts";
import { joinPath, type PathText, systemPath } from "../model/path.ts";
import type { EpochNs } from "../model/time.ts";
import { hasStrace, runWithFaults } from "../testing/programs.ts";
import { type Disk, fileFrom, hardLinkTo, layOut, readTree, symlinkTo, type Tree } from "../testing/tree.ts";
import { openArchive } from "./archive.ts";
import { beginJournal, journalPath } from "./journal.ts";
import { PinnedFolders } from "./pinned-folder.ts";
import { readJournal } from "./read-journal.ts";
import { type RelinkedBatch, Relinker } from "./relink.ts";
import { relinkBatch } from "./relink-batch.ts";
import { relinkFile } from "./relink-file.ts";
import { KeptFiles } from "./relink-kept.ts";
import type { Standing } from "./standing.ts";
import { newStopFlag } from "./stop-flag.ts";

const second = 1_000_000_000n;
/** Two pieces and a bit: what happens between them happens in the middle of the comparison. */
const long = "x".repeat((1 << 21) + 7);
const temporary = "1b4e28ba-2fa1-41d2-883f-0016d3cca427";

/** An archive with a private folder. */
function anArchive(files: Tree): Promise<Disk> {
  return layOut({ archive: { ".onefold": { tmp: {}, journal: {} }, ...files }, outside: {} });
}

async function standingOf(disk: Disk, path: string): Promise<Standing> {
  const stats = await lstat(systemPath(disk.path(`archive/${path}`)), { bigint: true });
  return {
    path: path as PathText,
    device: stats.dev,
    inode: stats.ino,
    size: Number(stats.size),
    modified: stats.mtimeNs as EpochNs,
    mode: Number(stats.mode & 0o7777n),
    uid: Number(stats.uid),
    gid: Number(stats.gid),
  };
}

/** Makes "mine/copy" a link of "kept", while `meanwhile` is done before the given piece of the comparison. */
async function relinkWhile(disk: Disk, meanwhile: () => void, { piece = 1, keptFiles = new KeptFiles() } = {}) {
  const step = { file: await standingOf(disk, "mine/copy"), kept: await standingOf(disk, "kept"), temporary };
  using folders = new PinnedFolders(disk.path("archive"));
  let pieces = 0;
  const pause = () => {
    pieces += 1;
    if (pieces === piece) meanwhile();
  };
  return relinkFile(step, { folders, keptFiles, pause });
}

/** Lets something happen where the comparison has no say: before the link is made, or after the last piece. */
class Meddling extends KeptFiles {
  #looks = 0;
  readonly #meddle: Partial<Record<"beforeLink" | "afterProof", () => void>>;

  constructor(meddle: Partial<Record<"beforeLink" | "afterProof", () => void>>) {
    super();
    this.#meddle = meddle;
  }

  override flushBytes(...file: Parameters<KeptFiles["flushBytes"]>): void {
    super.flushBytes(...file);
    this.#meddle.beforeLink?.();
  }

  override now(kept: Standing): Standing {
    this.#looks += 1;
    // Asked for when it was opened, when it was linked, and when both were seen to be equal.
    if (this.#looks === 3) this.#meddle.afterProof?.();
    return super.now(kept);
  }
}

const inodeOf = async (disk: Disk, path: string) => (await standingOf(disk, path)).inode;

async function archived(disk: Disk): Promise<Tree> {
  const { ".onefold": own, ...rest } = await readTree(disk.path("archive"));
  assert.deepEqual(Object(own).tmp, {}, "a temporary file was left");
  return rest;
}

describe("a file that is made a link of its twin", () => {
  test("has the twin's inode, and both have the older of their times", async () => {
    const times = [
      [3n * second, 2n * second + 123_456_000n],
      [1n * second, 2n * second],
      [-1n * second, -2n * second - 5_000n],
    ] as const;
    for (const [keptTime, copyTime] of times) {
      await using disk = await anArchive({ kept: fileFrom(keptTime, long), mine: { copy: fileFrom(copyTime, long) } });
      const before = await standingOf(disk, "kept");
      const { modified: other } = await standingOf(disk, "mine/copy");
      const expected = other < before.modified ? other : before.modified;
      const result = await relinkWhile(disk, () => {});
      const now = await standingOf(disk, "mine/copy");

      assert.equal(result.kind, "relinked");
      assert.equal(now.inode, before.inode);
      assert.equal(now.modified, expected);
      assert.ok(result.kind === "relinked" && result.namesLeft === 0 && result.archived.modified === expected);
      assert.deepEqual(await archived(disk), { kept: long, mine: { copy: long } });
    }
  });

  test("that is older by nanoseconds gives those, too", async () => {
    // What is written now has a time of nanoseconds; the twin gets a later one.
    await using disk = await anArchive({ mine: { copy: "x" }, kept: fileFrom(4_000_000_000n * second, "x") });
    const { modified } = await standingOf(disk, "mine/copy");
    await relinkWhile(disk, () => {});

    assert.equal((await standingOf(disk, "kept")).modified, modified);
  });

  test("has the twin's mode: a hard link has no other", async () => {
    await using disk = await anArchive({ kept: "x", mine: { copy: "x" } });
    await chmod(disk.path("archive/mine/copy"), 0o600);
    await chmod(disk.path("archive/kept"), 0o640);
    await relinkWhile(disk, () => {});

    assert.equal((await standingOf(disk, "mine/copy")).mode, 0o640);
  });

  test("that is a name of the twin already stays what it is", async () => {
    await using disk = await anArchive({ kept: "x", mine: { copy: hardLinkTo("archive/kept") } });

    assert.deepEqual(await relinkWhile(disk, () => {}), { kind: "alreadyLinked" });
    assert.deepEqual(await archived(disk), { kept: "x", mine: { copy: "x" } });
  });
});

describe("a file is left alone, with its bytes, its inode and its twin's time,", () => {
  const older = () => anArchive({ kept: fileFrom(9n * second, long), mine: { copy: fileFrom(5n * second, long) } });
  const mischief: Record<string, { code: string; piece?: number; do: (path: (name: string) => string) => void }> = {
    "if it was written to while it was compared": {
      code: "CHANGED_WHILE_READ",
      piece: 2,
      do: (path) => appendFileSync(path("mine/copy"), "!"),
    },
    "if it was written to in the part that was compared already": {
      code: "CHANGED_WHILE_READ",
      piece: 3,
      do: (path) => writeFileSync(path("mine/copy"), "!", { flag: "r+" }),
    },
    "if it was written to and its time set back": {
      code: "CHANGED_WHILE_READ",
      piece: 3,
      do: (path) => {
        writeFileSync(path("mine/copy"), "!", { flag: "r+" });
        utimesSync(path("mine/copy"), 5, 5);
      },
    },
    "if it was exchanged for another file": {
      code: "CHANGED_WHILE_READ",
      do: (path) => {
        writeFileSync(path("mine/other"), "new");
        renameSync(path("mine/other"), path("mine/copy"));
      },
    },
    "if a symbolic link took its place": {
      code: "CHANGED_WHILE_READ",
      do: (path) => {
        unlinkSync(path("mine/copy"));
        symlinkSync("../../outside/file", path("mine/copy"));
      },
    },
    "if it got one more name while it was compared": {
      code: "CHANGED_WHILE_READ",
      do: (path) => linkSync(path("mine/copy"), path("mine/third")),
    },
    "if it vanished": { code: "CHANGED_WHILE_READ", do: (path) => unlinkSync(path("mine/copy")) },
  };
  for (const [what, { code, piece = 1, do: meddle }] of Object.entries(mischief)) {
    test(what, async () => {
      await using disk = await older();
      const kept = await standingOf(disk, "kept");
      const path = (name: string) => disk.path(`archive/${name}`);
      let after: unknown;
      const relinking = relinkWhile(
        disk,
        () => {
          meddle(path);
          after = lookAll(path("mine"));
        },
        { piece },
      );

      await assert.rejects(relinking, { code });
      assert.deepEqual(await lookAll(path("mine")), await after);
      assert.deepEqual(await standingOf(disk, "kept"), kept);
      assert.deepEqual(await readdir(path(".onefold/tmp")), []);
      assert.deepEqual(await readdir(disk.path("outside")), []);
    });
  }

  test("if it differs in its last byte", async () => {
    await using disk = await anArchive({ kept: fileFrom(9n * second, long), mine: { copy: `${long.slice(1)}y` } });
    const before = await standingOf(disk, "mine/copy");

    await assert.rejects(
      relinkWhile(disk, () => {}),
      { code: "CONTENT_DIFFERS" },
    );
    assert.deepEqual(await standingOf(disk, "mine/copy"), before);
  });

  test("if its twin was written to", async () => {
    for (const piece of [1, 2, 3]) {
      await using disk = await older();
      const before = await inodeOf(disk, "mine/copy");
      const write = () => writeFileSync(disk.path("archive/kept"), "!", { flag: "r+" });

      await assert.rejects(relinkWhile(disk, write, { piece }), (error: Error) => {
        return /CONTENT_DIFFERS|CHANGED_WHILE_READ/.test(JSON.stringify([error, error.cause]));
      });
      assert.equal(await inodeOf(disk, "mine/copy"), before);
      assert.equal(Object(await archived(disk)).mine.copy, long);
    }
  });

  test("if its twin was written to in the moment its time was set: the next scan sees that it changed", async () => {
    await using disk = await older();
    // The second comparison begins with the fourth piece, after the time was set.
    const write = () => {
      writeFileSync(disk.path("archive/kept"), "!", { flag: "r+" });
      utimesSync(disk.path("archive/kept"), 5, 5);
    };
    const keptFiles = new KeptFiles();
    await assert.rejects(relinkWhile(disk, write, { piece: 4, keptFiles }));

    assert.notEqual((await standingOf(disk, "kept")).modified, 9n * second);
    assert.deepEqual(keptFiles.retimed(), []);
    assert.equal(Object(await archived(disk)).mine.copy, long);
  });
});

describe("at the last moment, a file is left alone, too,", () => {
  const disks = () => anArchive({ kept: fileFrom(5n * second, "same"), mine: { copy: fileFrom(9n * second, "same") } });
  const codeOf = (error: unknown) => Object(error).code ?? Object(Object(error).cause).code;
  const exchange = (path: string) => {
    writeFileSync(`${path} new`, "new!");
    renameSync(`${path} new`, path);
  };

  test("if its twin is not the file that was opened any more", async () => {
    await using disk = await disks();
    const keptFiles = new Meddling({ beforeLink: () => exchange(disk.path("archive/kept")) });
    await assert.rejects(
      relinkWhile(disk, () => {}, { keptFiles }),
      (error) => codeOf(error) === "CHANGED_SINCE_SCAN",
    );

    assert.deepEqual(await archived(disk), { kept: "new!", mine: { copy: "same" } });
  });

  for (const name of ["kept", "mine/copy"]) {
    test(`if ${name} was exchanged or written to after both were seen to be equal`, async () => {
      const meddles = [exchange, (path: string) => writeFileSync(path, "new!")];
      for (const meddle of meddles) {
        await using disk = await disks();
        const keptFiles = new Meddling({ afterProof: () => meddle(disk.path(`archive/${name}`)) });
        await assert.rejects(
          relinkWhile(disk, () => {}, { keptFiles }),
          (error) => codeOf(error) === "CHANGED_WHILE_READ",
        );
        const now =
          name === "kept" ? { kept: "new!", mine: { copy: "same" } } : { kept: "same", mine: { copy: "new!" } };
        assert.deepEqual(await archived(disk), now);
      }
    });

    test(`if ${name} is not what was planned for`, async () => {
      await using disk = await disks();
      const step = { file: await standingOf(disk, "mine/copy"), kept: await standingOf(disk, "kept"), temporary };
      utimesSync(disk.path(`archive/${name}`), 7, 7);
      using folders = new PinnedFolders(disk.path("archive"));
      const relinking = () => relinkFile(step, { folders, keptFiles: new KeptFiles(), pause: () => {} });

      assert.throws(relinking, (error) => codeOf(error) === "CHANGED_SINCE_SCAN");
      assert.notEqual(await inodeOf(disk, "kept"), await inodeOf(disk, "mine/copy"));
    });
  }
});

test("a folder that is exchanged for a symbolic link is not followed", async () => {
  await using disk = await anArchive({ kept: "x", mine: { copy: "x" } });
  writeFileSync(disk.path("outside/copy"), "x");
  const outside = await lstat(disk.path("outside/copy"), { bigint: true });
  const result = await relinkWhile(disk, () => {
    renameSync(disk.path("archive/mine"), disk.path("archive/moved"));
    symlinkSync("../outside", disk.path("archive/mine"));
  });

  assert.equal(result.kind, "relinked");
  assert.equal((await lstat(disk.path("outside/copy"), { bigint: true })).ino, outside.ino);
  assert.equal(await inodeOf(disk, "moved/copy"), await inodeOf(disk, "kept"));
  const { found } = relinkBatch({
    root: disk.path("archive"),
    looks: ["mine/copy" as PathText, "moved/copy" as PathText],
    steps: [],
    stop: newStopFlag(),
  });
  assert.deepEqual(
    found.map((look) => (look.kind === "found" ? look.kind : look.code)),
    ["PATH_BLOCKED", "found"],
  );
});

/** Rows as the inventory would give them. */
async function rowsOf(disk: Disk, names: readonly string[]): Promise<EqualFile[]> {
  return Promise.all(
    names.map(async (name, n): Promise<EqualFile> => {
      const { path, size, modified, inode } = await standingOf(disk, name);
      const hash = toHash(blake3(name.split("/")[0] ?? "").toString("hex"));
      return { id: n, hash, path, size, modified, inode, names: 1, isEntry: n === 0 };
    }),
  );
}

/** Relinks rows of one batch; what is yielded, and what the journal says. */
async function relinkRows(disk: Disk, rows: readonly EqualFile[], signal = new AbortController().signal) {
  await using archive = await openArchive(disk.path("archive"), { purpose: "test", program: "onefold 0" });
  await using journal = await beginJournal(archive, {
    run: "r",
    command: "relink",
    at: "",
    program: "onefold 0",
    sources: [],
  });
  await using relinker = new Relinker(archive.root, signal);
  const batches: RelinkedBatch[] = [];
  const stream = (async function* () {
    yield rows;
  })();
  for await (const batch of relinker.relink(stream, async () => journal)) batches.push(batch);
  const records = [];
  for await (const record of readJournal(journalPath(archive.root, "r"))) records.push(record);
  return { batches, records };
}

describe("many files", () => {
  test("that changed, vanished or became links since the scan are left alone; the others are linked", async () => {
    await using disk = await anArchive({
      a: { kept: "same", changed: "same", gone: "same", linked: "same", folder: { x: "same" }, good: "same" },
    });
    const names = ["a/kept", "a/changed", "a/gone", "a/linked", "a/folder/x", "a/good"];
    const rows = await rowsOf(disk, names);
    const path = (name: string) => disk.path(`archive/${name}`);
    appendFileSync(path("a/changed"), "!");
    unlinkSync(path("a/gone"));
    unlinkSync(path("a/linked"));
    symlinkSync("kept", path("a/linked"));
    renameSync(path("a/folder"), path("a/elsewhere"));
    symlinkSync("elsewhere", path("a/folder"));
    const { batches, records } = await relinkRows(disk, rows);

    assert.deepEqual(
      batches.flatMap(({ leftAlone }) => leftAlone.map((left) => `${left.path} ${left.code}`)),
      ["a/changed CHANGED_SINCE_SCAN", "a/gone ENOENT", "a/linked NOT_A_FILE", "a/folder/x PATH_BLOCKED"],
    );
    assert.deepEqual(
      batches.flatMap(({ relinked }) => relinked.map(({ archived: { path: at } }) => at)),
      ["a/good"],
    );
    const { a } = await archived(disk);
    assert.deepEqual(a, {
      changed: "same!",
      elsewhere: { x: "same" },
      folder: symlinkTo("elsewhere"),
      good: "same",
      kept: "same",
      linked: symlinkTo("kept"),
    });
    const [, intend, done] = records;
    assert.ok(intend?.do === "intend" && done?.do === "done" && records.length === 3);
    const [intention] = intend.operations;
    const good = rows[5];
    assert.ok(intention?.do === "relink" && intention.to === "a/good" && intention.existing === "a/kept");
    assert.deepEqual(
      [intention.size, intention.before.inode, intention.before.mtimeNs],
      [4, String(good?.inode), String(good?.modified)],
    );
    assert.deepEqual(
      done.results.map((result) => [result.outcome, "to" in result && result.to]),
      [["relinked", "a/good"]],
    );
  });

  test("go on with the next one where the file that was to be kept is not what was recorded", async () => {
    await using disk = await anArchive({ a: { kept: "same", second: "same", third: "same" } });
    const rows = await rowsOf(disk, ["a/kept", "a/second", "a/third"]);
    appendFileSync(disk.path("archive/a/kept"), "!");
    await relinkRows(disk, rows);

    assert.deepEqual((await archived(disk))["a"], { kept: "same!", second: "same", third: "same" });
    assert.equal(await inodeOf(disk, "a/third"), await inodeOf(disk, "a/second"));
  });

  test("with other bytes than were recorded are told apart from the rest", async () => {
    await using disk = await anArchive({ a: { kept: "same", other: "sane", third: "same" } });
    const { batches } = await relinkRows(disk, await rowsOf(disk, ["a/kept", "a/other", "a/third"]));

    assert.deepEqual(
      batches.flatMap(({ different }) => different),
      [1],
    );
    assert.deepEqual((await archived(disk))["a"], { kept: "same", other: "sane", third: "same" });
    assert.equal(await inodeOf(disk, "a/third"), await inodeOf(disk, "a/kept"));
  });

  test("of one content keep the oldest time of all, batch after batch", async () => {
    const names = Array.from({ length: 600 }, (_, n) => `a/${String(n).padStart(3, "0")}`);
    const files = names.map((name, n) => [name.slice(2), fileFrom(BigInt(10_000 - n) * second, "same")] as const);
    await using disk = await anArchive({ a: Object.fromEntries(files) });
    const { batches } = await relinkRows(disk, await rowsOf(disk, names));

    const inodes = new Set(await Promise.all(names.map((name) => inodeOf(disk, name))));
    assert.equal(inodes.size, 1);
    assert.equal((await standingOf(disk, "a/000")).modified, 9_401n * second);
    assert.ok(batches.length >= 3);
    assert.equal(batches.at(-1)?.retimed[0]?.modified, 9_401n * second);
    assert.deepEqual(
      batches.flatMap(({ leftAlone }) => leftAlone),
      [],
    );
  });

  test("that are links already are no work, also where the inventory knows no inodes", async () => {
    await using disk = await anArchive({ a: { kept: "same", other: hardLinkTo("archive/a/kept") } });
    const rows = (await rowsOf(disk, ["a/kept", "a/other"])).map((row) => ({ ...row, inode: null, names: null }));
    const { batches, records } = await relinkRows(disk, rows);

    assert.deepEqual([batches, records.length], [[], 1]);
  });

  test("are not begun any more after an abort", async () => {
    await using disk = await anArchive({ a: { kept: "same", other: "same" } });
    const { batches } = await relinkRows(disk, await rowsOf(disk, ["a/kept", "a/other"]), AbortSignal.abort());

    assert.deepEqual(batches, []);
    assert.notEqual(await inodeOf(disk, "a/kept"), await inodeOf(disk, "a/other"));
  });
});

const compiled = (module: string) => JSON.stringify(new URL(module, import.meta.url).href);

/** Relinks two files in a process whose system calls fail, or kill it. */
async function relinkWithFaults(disk: Disk, fault: string): Promise<string> {
  const [kept, first, last] = await Promise.all(["kept", "mine/first", "mine/last"].map((p) => standingOf(disk, p)));
  const big = (_key: string, value: unknown) => (typeof value === "bigint" ? `${value}n` : value);
  const steps = [first, last].map((file, n) => ({ file, kept, temporary: temporary.replace(/7$/, String(n)) }));
  const code = `
    import { relinkBatch } from ${compiled("./relink-batch.js")};
    import { newStopFlag } from ${compiled("./stop-flag.js")};
    const steps = JSON.parse(${JSON.stringify(JSON.stringify(steps, big))}, (_key, value) =>
      typeof value === "string" && /^-?[0-9]+n$/.test(value) ? BigInt(value.slice(0, -1)) : value);
    const root = ${JSON.stringify(disk.path("archive"))};
    const { results, unflushed } = relinkBatch({ root, looks: [], steps, stop: newStopFlag() });
    console.log([...results.map(({ kind, code }) => code ?? kind), unflushed === null ? "" : "unflushed"].join(" "));`;
  return runWithFaults(fault.split(" "), code).trim();
}

const aDisk = () => {
  const from = (time: bigint) => fileFrom(time * second, "same");
  return anArchive({ kept: from(9n), mine: { first: from(8n), last: from(7n) } });
};

describe("a failing or dying machine", { skip: hasStrace() ? false : "strace is not here, or may not trace" }, () => {
  const same = { kept: "same", mine: { first: "same", last: "same" } };
  const faults: Record<string, string> = {
    "rename:error=EACCES:when=1": "EACCES relinked",
    "link:error=EPERM:when=1": "keptFailed",
    "link:error=EMLINK:when=2": "relinked full",
    "link:error=ENOSPC:when=2": "relinked ENOSPC",
    "rename:error=EROFS:when=1": "EROFS EROFS",
    "fdatasync:error=EIO:when=1": "EIO EIO",
    "utimensat:error=EPERM:when=1": "EPERM relinked",
  };
  for (const [fault, expected] of Object.entries(faults)) {
    test(`${fault}: what is said is what happened, and no content is lost`, async () => {
      await using disk = await aDisk();
      const before = await Promise.all(["kept", "mine/first", "mine/last"].map((path) => standingOf(disk, path)));
      const said = await relinkWithFaults(disk, `-e trace=${fault.split(":")[0]} -e inject=${fault}`);
      const after = await Promise.all(["kept", "mine/first", "mine/last"].map((path) => standingOf(disk, path)));

      assert.ok(said.startsWith(expected) || (expected === "keptFailed" && said.startsWith("EPERM deferred")), said);
      assert.deepEqual(await archived(disk), same);
      for (const [n, kind] of said.split(" ").entries()) {
        const isLinked = after[n + 1]?.inode === after[0]?.inode;
        assert.equal(isLinked, kind === "relinked", said);
        if (!isLinked) assert.deepEqual(after[n + 1], before[n + 1]);
      }
      const times = after.filter(({ inode }) => inode === after[0]?.inode).map(({ path }) => path);
      const expectedTime = times.includes("mine/last" as PathText)
        ? 7n
        : times.includes("mine/first" as PathText)
          ? 8n
          : 9n;
      assert.equal(after[0]?.modified, expectedTime * second);
    });
  }

  test("that cannot flush a time or a folder leaves nothing that counts as done", async () => {
    for (const time of [1, 2]) {
      await using disk = await aDisk();
      const said = await relinkWithFaults(disk, `-e trace=fsync -e inject=fsync:error=EIO:when=${time}`);
      assert.equal(said, "relinked relinked unflushed");
      assert.deepEqual(await archived(disk), same);
    }
  });

  for (const call of ["link", "rename", "utimensat", "fdatasync", "fsync"]) {
    test(`killed at any ${call}, every name holds its content, and the next one goes on`, async () => {
      await using disk = await aDisk();
      for (let n = 1, said = ""; said === ""; n += 1) {
        said = await relinkWithFaults(disk, `-e trace=${call} -e inject=${call}:error=EIO:signal=SIGKILL:when=${n}`);
        const { ".onefold": _own, ...rest } = await readTree(disk.path("archive"));
        assert.deepEqual(rest, same);
        await using _archive = await openArchive(disk.path("archive"), { purpose: "test", program: "onefold 0" });
        assert.deepEqual(await readdir(disk.path("archive/.onefold/tmp")), []);
      }
      const { modified } = await standingOf(disk, "kept");
      const inodes = await Promise.all(["kept", "mine/first", "mine/last"].map((path) => inodeOf(disk, path)));
      assert.deepEqual([modified, new Set(inodes).size], [7n * second, 1]);
    });
  }
});

/** Names, inodes, sizes and times in a folder. */
async function lookAll(folder: PathText | string): Promise<unknown> {
  const names = (await readdir(folder)).sort();
  return Promise.all(
    names.map(async (name) => {
      const { ino, size, mtimeNs } = await lstat(joinPath(folder, name), { bigint: true });
      return [name, ino, size, mtimeNs];
    }),
  );
}
