import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmod, chown, lstat, readdir, utimes, writeFile } from "node:fs/promises";
import { describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import fc from "fast-check";
import { sql } from "../src/inventory/database.ts";
import type { PathText } from "../src/model/path.ts";
import { archivedIn, filesIn, type Household, household, type Snapped, snapshot } from "../src/testing/household.ts";
import {
  documentOf,
  documentsOf,
  type Ended,
  type ListedProblem,
  programLine,
  startOnefold,
} from "../src/testing/onefold.ts";
import { hasStrace } from "../src/testing/programs.ts";
import { addTo, fileFrom, hardLinkTo, layOut, type Tree } from "../src/testing/tree.ts";

const second = 1_000_000_000n;
const beach = "the beach".repeat(20_000);

interface Relinked {
  readonly command: string;
  readonly status: string;
  readonly run: string;
  readonly relink: Readonly<Record<"groups" | "files" | "bytes" | "failed" | "seconds", number>>;
  readonly problems: readonly ListedProblem[];
}

function relinkedBy(ended: Ended, status = 0): Relinked {
  assert.equal(ended.status, status, ended.stderr + ended.stdout);
  return documentOf<Relinked>(ended);
}

async function relink(home: Household, { status = 0, more = [] as readonly string[] } = {}): Promise<Relinked> {
  return relinkedBy(await home.onefold(["relink", "--json", ...home.places, ...more]), status);
}

const numbers = ({ relink: { groups, files, bytes, failed } }: Relinked) => ({ groups, files, bytes, failed });
const codes = ({ problems }: Relinked) => problems.map(({ source, path, code }) => `${source}/${path} ${code}`).sort();

/** The user's files of an archive and how they stand. */
async function filesOf(archive: PathText): Promise<Map<PathText, Snapped>> {
  return new Map(filesIn(await snapshot(archive)).filter(([path]) => !path.startsWith(".onefold/")));
}

/** Names of each inode that has several, sorted. */
async function linkedIn(archive: PathText): Promise<string[][]> {
  const groups = new Map<bigint, string[]>();
  for (const [path, { inode }] of await filesOf(archive)) groups.set(inode, [...(groups.get(inode) ?? []), path]);
  return [...groups.values()].filter(({ length }) => length > 1).sort();
}

const contentsOf = (files: ReadonlyMap<PathText, Snapped>) => [...files].map(([path, { content }]) => [path, content]);

/** The entries that the first run has made, with all that is known of them. */
async function entriesOf(home: Household): Promise<unknown> {
  return home.database.query(sql`
    select encode(entry.hash, 'hex') as hash, folder.path, file.name, captured
    from entry join file on file.id = file_id join folder on folder.id = folder_id
    where folder.path in ('photos/2019/07', 'files')
    order by 1
  `);
}

const sources = { phone: { DCIM: { "IMG_20190714_101500.jpg": beach }, "letter.txt": "dear" } };

describe("equal files that somebody put into the archive", () => {
  const mine = {
    "beach.jpg": fileFrom(1_000_000_000n * second, beach),
    "again.jpg": fileFrom(1_100_000_000n * second, beach),
    deep: { er: { "letter.txt": "dear", "other.txt": "deer" } },
    "Thumbs.db": "dear",
  };
  const archivedHousehold = async () => {
    const home = await household(sources);
    await home.run();
    await addTo(home.path("archive"), { mine });
    return home;
  };

  test("become links of the entries: no byte and no name changes, and the oldest time is kept", async () => {
    await using home = await archivedHousehold();
    const before = await filesOf(home.path("archive"));
    const entries = await entriesOf(home);
    const done = await relink(home);
    const after = await filesOf(home.path("archive"));

    assert.deepEqual([done.command, done.status, done.problems], ["relink", "complete", []]);
    assert.deepEqual(numbers(done), { groups: 2, files: 4, bytes: 2 * beach.length + 2 * 4, failed: 0 });
    assert.deepEqual(contentsOf(after), contentsOf(before));
    assert.deepEqual(await linkedIn(home.path("archive")), [
      [
        "by-source/phone/DCIM/IMG_20190714_101500.jpg",
        "mine/again.jpg",
        "mine/beach.jpg",
        "photos/2019/07/IMG_20190714_101500.jpg",
      ],
      ["by-source/phone/letter.txt", "files/letter.txt", "mine/Thumbs.db", "mine/deep/er/letter.txt"],
    ]);
    const entry = "photos/2019/07/IMG_20190714_101500.jpg" as PathText;
    assert.equal(after.get(entry)?.inode, before.get(entry)?.inode);
    assert.equal(after.get(entry)?.modifiedNs, 1_000_000_000n * second);
    assert.deepEqual(await entriesOf(home), entries);
    assert.deepEqual(await readdir(home.path("archive/.onefold/tmp")), []);
  });

  test("leave nothing to do for the next run, nor for the next relink", async () => {
    await using home = await archivedHousehold();
    await relink(home);
    const before = await filesOf(home.path("archive"));
    const journals = await readdir(home.path("archive/.onefold/journal"));
    const again = await relink(home);
    const { plan } = await home.run();

    assert.deepEqual(numbers(again), { groups: 0, files: 0, bytes: 0, failed: 0 });
    assert.deepEqual([plan.copyFiles, plan.linkFiles], [0, 0]);
    assert.deepEqual(await filesOf(home.path("archive")), before);
    assert.deepEqual(await readdir(home.path("archive/.onefold/journal")), journals);
  });

  test("are shown by --dry-run, which changes nothing", async () => {
    await using home = await archivedHousehold();
    const before = await snapshot(home.path("archive"));
    const shown = await home.onefold(["relink", "--dry-run", ...home.places]);
    const told = await relink(home, { more: ["--dry-run"] });

    assert.equal(shown.status, 0, shown.stderr);
    assert.match(
      shown.stdout,
      /^link mine\/Thumbs\.db -> files\/letter\.txt {2}\(entry\)\n(?:link mine\/.* {2}\(entry\)\n){3}Would link /,
    );
    assert.match(shown.stdout, /\nWould link 4 files, 360 kB to save; 0 files left alone\n/);
    assert.match(shown.stdout, /\nNothing was changed\. /);
    assert.deepEqual(numbers(told), { groups: 2, files: 4, bytes: 2 * beach.length + 2 * 4, failed: 0 });
    assert.deepEqual(await snapshot(home.path("archive")), before);
  });

  test("are counted for people", async () => {
    await using home = await archivedHousehold();
    const { stdout } = await home.onefold(["relink", ...home.places]);

    assert.match(stdout, /^Linked 4 files, 360 kB saved; 0 files left alone\nProblems {3}none\n/);
  });
});

describe("of equal files without an entry", () => {
  /** What is kept of files below by-source/, where nothing becomes an entry by itself. */
  async function keptOf(tree: Tree): Promise<string | undefined> {
    await using home = await household({}, { archive: { "by-source": { usb: tree } } });
    const before = await filesOf(home.path("archive"));
    await relink(home);
    const after = await filesOf(home.path("archive"));
    const inodes = new Set([...after.values()].map(({ inode }) => inode));
    assert.equal(inodes.size, 1);
    const kept = [...before].filter(([, { inode }]) => inodes.has(inode)).map(([path]) => path);
    assert.ok([...after.values()].every(({ modifiedNs }) => modifiedNs === 5n * second));
    return kept.sort()[0]?.slice("by-source/usb/".length);
  }
  const from = (time: bigint) => fileFrom(time * second, "same");

  test("the one with the most links is kept", async () => {
    const linked = hardLinkTo("archive/by-source/usb/two");
    assert.equal(await keptOf({ one: from(5n), two: from(6n), "two too": linked }), "two");
  });
  test("then the oldest", async () => {
    assert.equal(await keptOf({ one: from(7n), three: from(5n), two: from(6n) }), "three");
  });
  test("then the first in order of path", async () => {
    assert.equal(await keptOf({ z: from(5n), b: from(5n), c: { a: from(5n) } }), "b");
  });
});

test("the space of an inode is saved once, with the last of its names", async () => {
  const tree = {
    a: { 1: "same", 2: hardLinkTo("archive/by-source/a/1"), 3: hardLinkTo("archive/by-source/a/1") },
    b: { 1: "same", 2: hardLinkTo("archive/by-source/b/1") },
    c: { 1: "same" },
  };
  await using home = await household({}, { archive: { "by-source": tree } });
  assert.deepEqual(numbers(await relink(home)), { groups: 1, files: 3, bytes: 8, failed: 0 });
});

test("empty files stay as they are", async () => {
  await using home = await household({}, { archive: { a: "", b: "", c: { a: "" } } });
  assert.deepEqual(numbers(await relink(home)), { groups: 0, files: 0, bytes: 0, failed: 0 });
  assert.deepEqual(await linkedIn(home.path("archive")), []);
});

test("names that are no text, and long ones, are linked like others", async () => {
  const names = ["caf\\xe9.jpg", "two\\x0alines", "\\x5cback", "x".repeat(255), "-rf", "..."];
  await using home = await household({}, { archive: Object.fromEntries(names.map((name) => [name, "same"])) });

  assert.equal((await relink(home)).relink.files, names.length - 1);
  assert.deepEqual((await linkedIn(home.path("archive")))[0]?.length, names.length);
});

test("a file whose bytes changed behind an old time is left alone and listed, and known for what it is the next time", async () => {
  await using home = await household(sources);
  await home.run();
  const letter = fileFrom(1_000n * second, "dear");
  await addTo(home.path("archive"), { mine: { "letter.txt": letter, "more.txt": "dear" } });
  await home.onefold(["scan", ...home.places]);
  await writeFile(home.path("archive/mine/letter.txt"), "deer");
  await utimes(home.path("archive/mine/letter.txt"), 1_000, 1_000);
  const first = await relink(home, { status: 6 });
  const text = await home.onefold(["relink", ...home.places]);

  assert.deepEqual(codes(first), ["archive/mine/letter.txt CONTENT_DIFFERS"]);
  assert.deepEqual(numbers(first), { groups: 1, files: 1, bytes: 4, failed: 1 });
  assert.equal(first.status, "incomplete");
  assert.equal(text.status, 0, text.stdout);
  assert.deepEqual(Object((await home.archived())["mine"]), { "letter.txt": "deer", "more.txt": "dear" });
});

test("what cannot be replaced is listed, and the rest is linked", async () => {
  // Permissions do not hold for root, so root becomes nobody here.
  const uid = process.getuid?.() === 0 ? 65_534 : undefined;
  await using disk = await layOut({ archive: { open: { a: "same", b: "same" }, sealed: { c: "same" } }, state: {} });
  const folders = [".", "archive", "archive/open", "archive/sealed", "state"];
  const files = ["archive/open/a", "archive/open/b", "archive/sealed/c"];
  if (uid !== undefined) for (const name of [...folders, ...files]) await chown(disk.path(name), uid, uid);
  await chmod(disk.path("archive/sealed"), 0o500);
  const env = { ONEFOLD_STATE: disk.path("state"), HOME: disk.path("state") };
  const start = (more: readonly string[]) =>
    startOnefold(["relink", "--archive", disk.path("archive"), ...more], { cwd: disk.root, env, uid }).ended;
  const told = relinkedBy(await start(["--json"]), 3);
  const shown = await start([]);

  assert.deepEqual(codes(told), ["archive/sealed/c EACCES"]);
  assert.deepEqual(numbers(told), { groups: 1, files: 1, bytes: 4, failed: 1 });
  assert.match(shown.stdout, /^ {2}archive: sealed\/c: the folder it lies in cannot be written to \[EACCES\]$/m);
  assert.deepEqual(await linkedIn(disk.path("archive")), [["open/a", "open/b"]]);
  const { open, sealed } = await archivedIn(disk.path("archive"));
  assert.deepEqual([open, sealed], [{ a: "same", b: "same" }, { c: "same" }]);
});

test("without an archive, or while another run is active, nothing is touched", async () => {
  await using home = await household({ phone: { a: "same" } }, { archive: { a: "same", b: "same" } });
  const before = await snapshot(home.path("archive"));
  const without = await home.onefold(["relink", "--source", home.path("phone")]);
  await using session = await home.database.session();
  await session.query(sql`select pg_advisory_lock(hashtextextended(current_schema(), 7205759403))`);
  const busy = await home.onefold(["relink", ...home.places]);

  assert.match(without.stderr, /^error: no archive is named \[NO_ARCHIVE\]\n {2}hint: /);
  assert.equal(without.status, 2);
  assert.match(busy.stderr, /\[RUN_ACTIVE\]/);
  assert.equal(busy.status, 7);
  assert.deepEqual(await snapshot(home.path("archive")), before);
});

/** Enough to be interrupted in; the twins are older than what is kept. */
const many = (count: number): Tree =>
  Object.fromEntries(
    ["a", "b", "c"].map((folder, rank) => [
      folder,
      Object.fromEntries(
        Array.from({ length: count }, (_, n) => [
          `${n}.txt`,
          fileFrom(BigInt(9_000 - rank) * second, `${n} `.repeat(2_000)),
        ]),
      ),
    ]),
  );
const journalsOf = (home: Household) => readdir(home.path("archive/.onefold/journal")).catch(() => []);

async function waitForJournal(home: Household, child: { readonly exitCode: number | null }): Promise<void> {
  const before = (await journalsOf(home)).length;
  while (child.exitCode === null && (await journalsOf(home)).length === before) await delay(2);
}

for (const [signal, expected] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const) {
  test(`${signal} ends it after the file in hand, and the same command goes on`, async () => {
    await using home = await household({}, { archive: many(300) });
    const before = contentsOf(await filesOf(home.path("archive")));
    const running = home.start(["relink", ...home.places]);
    await waitForJournal(home, running.child);
    running.child.kill(signal);
    const { status, stdout, stderr } = await running.ended;

    assert.equal(status, expected, stderr);
    assert.match(stdout, /Interrupted\. .*the same command goes on from here/);
    assert.deepEqual(await readdir(home.path("archive/.onefold/tmp")), []);
    assert.deepEqual(contentsOf(await filesOf(home.path("archive"))), before);
    const [last] = documentsOf<{ status: string }>(await home.onefold(["history", "--json"]));
    assert.equal(last?.status, "interrupted");
    assert.equal((await relink(home)).status, "complete");
    assert.equal((await linkedIn(home.path("archive"))).length, 300);
  });
}

test("killed at any moment and begun again: every name holds its content, and nothing is left behind", async () => {
  await using home = await household({ phone: many(120)["a"] as Tree }, { archive: { mine: many(120) } });
  await home.run();
  const contents = contentsOf(await filesOf(home.path("archive")));
  for (let n = 0; n < 6; n += 1) {
    const running = home.start(["relink", ...home.places]);
    if (n % 2 === 0) await waitForJournal(home, running.child);
    await delay(Math.random() * (n % 2 === 0 ? 60 : 900));
    running.child.kill("SIGKILL");
    await running.ended;
    assert.deepEqual(contentsOf(await filesOf(home.path("archive"))), contents);
  }
  assert.equal((await relink(home)).status, "complete");

  const after = await filesOf(home.path("archive"));
  assert.deepEqual(contentsOf(after), contents);
  assert.equal((await linkedIn(home.path("archive"))).length, 120);
  assert.ok([...after.values()].every(({ modifiedNs }) => modifiedNs === 8_998n * second));
  assert.deepEqual(await readdir(home.path("archive/.onefold/tmp")), []);
  assert.deepEqual((await readdir(home.path("archive/.onefold"))).sort(), ["archive.json", "journal", "tmp"]);
  const { plan } = await home.run();
  assert.deepEqual([plan.copyFiles, plan.linkFiles], [0, 0]);
});

test("killed between setting a time and recording it: the entry stays the entry", {
  skip: hasStrace() ? false : "strace is not here, or may not trace",
}, async () => {
  for (const next of ["run", "relink"]) {
    await using home = await household(sources);
    await home.run();
    const entries = await entriesOf(home);
    // Sorts before the entry, so that it would be adopted if that were forgotten.
    await addTo(home.path("archive"), { "a copy.jpg": fileFrom(1_000n * second, beach) });
    const kill = [
      "-f",
      "-qq",
      "-o",
      "/dev/null",
      "-e",
      "trace=rename",
      "-e",
      "inject=rename:error=EIO:signal=SIGKILL:when=1",
    ];
    const { signal } = spawnSync("strace", [...kill, ...programLine(["relink", ...home.places])], {
      env: { ...process.env, ...home.environment },
    });
    const entry = await lstat(home.path("archive/photos/2019/07/IMG_20190714_101500.jpg"), { bigint: true });
    const ended = await home.onefold([next, "--json", ...home.places]);

    assert.equal(signal, "SIGKILL");
    assert.equal(entry.mtimeNs, 1_000n * second, "the time was set");
    assert.equal(ended.status, 0, ended.stderr);
    assert.deepEqual(await entriesOf(home), entries);
    assert.deepEqual(numbers(await relink(home)), {
      groups: Number(next === "run"),
      files: Number(next === "run"),
      bytes: next === "run" ? beach.length : 0,
      failed: 0,
    });
    assert.deepEqual(await entriesOf(home), entries);
  }
});

test("a file that takes no more names is followed by the next one", {
  skip: hasStrace() ? false : "strace is not here, or may not trace",
}, async () => {
  const names = ["a", "b", "c", "d", "e"];
  await using home = await household({}, { archive: Object.fromEntries(names.map((name) => [name, "same"])) });
  await relink(home, { more: ["--dry-run"] });
  // Counted in each thread: opening the archive takes fewer links, so the third is that of the third file.
  const full = ["-f", "-qq", "-o", "/dev/null", "-e", "trace=link", "-e", "inject=link:error=EMLINK:when=3"];
  const { status, stdout } = spawnSync("strace", [...full, ...programLine(["relink", "--json", ...home.places])], {
    env: { ...process.env, ...home.environment },
    encoding: "utf8",
  });

  assert.equal(status, 0, stdout);
  assert.deepEqual(await linkedIn(home.path("archive")), [
    ["a", "b", "c"],
    ["d", "e"],
  ]);
  assert.equal(Object(JSON.parse(stdout)).relink.files, 3);
});

test("names that cannot be put on the disk for good do not count as done", {
  skip: hasStrace() ? false : "strace is not here, or may not trace",
}, async () => {
  const names = ["a", "b", "c", "d", "e", "f", "g"];
  const tree = Object.fromEntries(names.map((name) => [name, { x: "same" }]));
  await using home = await household({}, { archive: tree });
  // Counted in each thread: nobody but the one that links flushes five times.
  const failing = ["-f", "-qq", "-o", "/dev/null", "-e", "trace=fsync", "-e", "inject=fsync:error=EIO:when=5"];
  const { status, stderr } = spawnSync("strace", [...failing, ...programLine(["relink", ...home.places])], {
    env: { ...process.env, ...home.environment },
    encoding: "utf8",
  });

  assert.equal(status, 5, stderr);
  assert.match(stderr, /\[ARCHIVE_LOST\]/);
  assert.deepEqual(await home.archived(), tree);
  assert.equal((await relink(home)).status, "complete");
  assert.equal((await linkedIn(home.path("archive")))[0]?.length, names.length);
});

test("a journal whose name cannot be put on the disk for good is a lost archive, and nothing was linked", {
  skip: hasStrace() ? false : "strace is not here, or may not trace",
}, async () => {
  const tree: Tree = { a: { x: "same" }, b: { x: "same" } };
  await using home = await household({}, { archive: tree });
  const only = ["-P", `${home.path("archive")}/.onefold/journal`];
  const failing = ["-f", "-qq", "-o", "/dev/null", ...only, "-e", "trace=fsync", "-e", "inject=fsync:error=EIO"];
  const { status, stderr } = spawnSync("strace", [...failing, ...programLine(["relink", ...home.places])], {
    env: { ...process.env, ...home.environment },
    encoding: "utf8",
  });

  assert.equal(status, 5, stderr);
  assert.match(stderr, /\[ARCHIVE_LOST\]/);
  assert.deepEqual(await linkedIn(home.path("archive")), []);
});

const hasRdfind = spawnSync("rdfind", ["--version"]).status === 0;

describe("held against rdfind -makehardlinks true,", { skip: hasRdfind ? false : "rdfind is not installed" }, () => {
  /** Bytes on the disk, hard links counted once. */
  const usage = (folder: PathText) =>
    Number(
      spawnSync("du", ["-s", "--block-size=1", "--exclude=.onefold", folder], { encoding: "utf8" }).stdout.split(
        "\t",
      )[0],
    );
  /** One pass looks at one name of each inode, so that further names stay behind: passes until there is nothing to do. */
  const rdfind = (folder: PathText, passes: number) => {
    for (let n = 0; n < passes; n += 1) {
      const { status, stderr } = spawnSync("rdfind", ["-makehardlinks", "true", "-makeresultsfile", "false", folder]);
      assert.equal(status, 0, stderr.toString());
    }
  };
  const tree: Tree = {
    photos: { 2019: { "a.jpg": beach, "b.jpg": beach.replace("b", "B") } },
    mine: { "a.jpg": beach, deep: { "a again.jpg": beach, "c.txt": "see" }, "c.txt": "see", "d.txt": "sea" },
    "Thumbs.db": "see",
    "caf\\xe9": beach.replace("b", "B"),
    empty: "",
    "empty too": "",
    big: Buffer.alloc(3_000_000, 7),
    "big too": Buffer.alloc(3_000_000, 7),
    "big, but for its middle": Buffer.concat([
      Buffer.alloc(1_500_000, 7),
      Buffer.from("8"),
      Buffer.alloc(1_499_999, 7),
    ]),
  };

  test("the same files are linked, and the same space is saved", async () => {
    await using home = await household({}, { archive: tree });
    spawnSync("cp", ["-a", home.path("archive"), home.path("theirs")]);
    const before = [usage(home.path("archive")), usage(home.path("theirs"))];
    rdfind(home.path("theirs"), 1);
    await relink(home);

    assert.deepEqual(await linkedIn(home.path("archive")), await linkedIn(home.path("theirs")));
    assert.deepEqual(contentsOf(await filesOf(home.path("archive"))), contentsOf(await filesOf(home.path("theirs"))));
    assert.equal(before[0], before[1]);
    assert.equal(usage(home.path("archive")), usage(home.path("theirs")));
  });

  test("also where some are links already: it takes one pass to rdfind's several", async () => {
    const linked = {
      ...tree,
      l1: hardLinkTo("archive/big"),
      l2: { a: hardLinkTo("archive/big too"), b: hardLinkTo("archive/mine/a.jpg") },
    };
    await using home = await household({}, { archive: linked });
    spawnSync("cp", ["-a", home.path("archive"), home.path("theirs")]);
    rdfind(home.path("theirs"), 4);
    await relink(home);

    assert.deepEqual(await linkedIn(home.path("archive")), await linkedIn(home.path("theirs")));
    assert.equal(usage(home.path("archive")), usage(home.path("theirs")));
  });
});

const runs = Number(process.env["ONEFOLD_PROPERTY_RUNS"] ?? 6);
const aName = fc.constantFrom("a", "b", "A", "IMG_1.JPG", "Thumbs.db", "\\xff.mov", "by-source", "x y");
const aFile = fc
  .tuple(
    fc.constantFrom("", "one", "two", "longer than the others", "x".repeat(200_000)),
    fc.integer({ min: -3, max: 3 }),
  )
  .map(([content, time]) => fileFrom(BigInt(time) * second, content));
const aFolder = fc.dictionary(aName, aFile, { maxKeys: 6, noNullPrototype: true });
const anArchive: fc.Arbitrary<Tree> = fc
  .tuple(aFolder, fc.dictionary(fc.constantFrom("d", "e", "@eaDir"), aFolder, { maxKeys: 3, noNullPrototype: true }))
  .map(([files, folders]) => {
    const [first] = Object.keys(files);
    return { ...files, ...folders, ...(first === undefined ? {} : { "linked name": hardLinkTo(`archive/${first}`) }) };
  });

test("whatever an archive holds, its names and contents stay, and equal contents share one inode and the oldest time", async () => {
  await fc.assert(
    fc.asyncProperty(anArchive, async (archive) => {
      await using home = await household({}, { archive });
      const before = await filesOf(home.path("archive"));
      const { status } = await relink(home);
      const after = await filesOf(home.path("archive"));
      assert.equal(status, "complete");
      assert.deepEqual(contentsOf(after), contentsOf(before));
      for (const [path, { content, size, inode, modifiedNs }] of before) {
        const now = after.get(path);
        const twins = [...before].filter(([, twin]) => twin.content === content);
        if (size === 0n) assert.deepEqual([now?.inode, now?.modifiedNs], [inode, modifiedNs]);
        else {
          const times = twins.map(([, twin]) => twin.modifiedNs);
          assert.equal(
            now?.modifiedNs,
            times.reduce((a, b) => (b < a ? b : a)),
          );
          assert.ok(twins.every(([twin]) => after.get(twin)?.inode === now?.inode));
        }
      }
      assert.deepEqual(numbers(await relink(home)), { groups: 0, files: 0, bytes: 0, failed: 0 });
      assert.deepEqual(await readdir(home.path("archive/.onefold/tmp")), []);
    }),
    { numRuns: runs, endOnFailure: true },
  );
});
