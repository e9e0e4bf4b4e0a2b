import assert from "node:assert/strict";
import { appendFile, readFile, rename, rm, truncate, utimes, writeFile } from "node:fs/promises";
import { describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { blake3 } from "@napi-rs/blake-hash";
import fc from "fast-check";
import { sql } from "../src/inventory/database.ts";
import { flipBit } from "../src/testing/bits.ts";
import { type Household, household, snapshot } from "../src/testing/household.ts";
import { documentOf, documentsOf, type ListedProblem } from "../src/testing/onefold.ts";
import { fileFrom, type Tree } from "../src/testing/tree.ts";

interface Found {
  readonly entry: string;
  readonly expected: string;
  readonly actual: string | null;
  readonly copies: readonly { readonly source: string; readonly path: string }[];
}

interface Verified {
  readonly command: string;
  readonly status: string;
  readonly run: string;
  readonly checked: number;
  readonly bytes: number;
  readonly entries: number;
  readonly damaged: readonly Found[];
  readonly missing: readonly Found[];
  readonly problems: readonly ListedProblem[];
}

const hashOf = (content: string | Buffer) => blake3(content).toString("hex");

async function verify(home: Household, more: readonly string[], status = 0): Promise<Verified> {
  const ended = await home.onefold(["verify", "--json", "--archive", home.path("archive"), ...more]);
  assert.equal(ended.status, status, ended.stderr + ended.stdout);
  return documentOf<Verified>(ended);
}

const codes = ({ problems }: Verified) => problems.map(({ source, path, code }) => `${source}/${path} ${code}`);
const readBy = async (home: Household) =>
  home.database.query<{ name: string; run: string | null }>(sql`
    select file.name, verified_run as run from entry join file on file.id = file_id order by file.name
  `);

const letter = fileFrom(1_500_000_000_123_456_000n, "dear aunt");
const sources = {
  phone: { "letter.txt": letter, "a.txt": "first", "b.txt": "second" },
  laptop: { docs: { "letter copy.txt": "dear aunt" } },
};

describe("an archive that is verified", () => {
  test("and sound: everything is read once, whatever the number of its names, and remembered", async () => {
    await using home = await household(sources);
    await home.run();
    const done = await verify(home, ["--all"]);

    assert.deepEqual([done.command, done.status, done.problems], ["verify", "complete", []]);
    assert.deepEqual(
      [done.checked, done.entries, done.bytes],
      [3, 3, "dear aunt".length + "first".length + "second".length],
    );
    assert.deepEqual([done.damaged, done.missing], [[], []]);
    assert.deepEqual(
      (await readBy(home)).map(({ run }) => run),
      [done.run, done.run, done.run],
    );
  });

  test("needs no source, and writes nothing to it", async () => {
    await using home = await household(sources);
    await home.run();
    await rename(home.path("phone"), home.path("phone, taken away"));
    const before = await snapshot(home.path("archive"));
    await writeFile(
      home.path("onefold.toml"),
      `[archive]\npath = "${home.path("archive")}"\n[[source]]\nname = "phone"\npath = "${home.path("phone")}"\n`,
    );
    const { status, stdout } = await home.onefold(["verify", "--all"]);

    assert.equal(status, 0, stdout);
    assert.match(stdout, /^Read +3 files, 20 bytes in .*; the archive has 3 entries\n/);
    assert.deepEqual(await snapshot(home.path("archive")), before);
  });

  test("with a flipped bit: the entry is named, with what it became and with its good copies", async () => {
    await using home = await household(sources);
    await home.run();
    await flipBit(home.path("archive/files/letter.txt"));
    const done = await verify(home, ["--all"], 6);

    const copies = [
      { source: "phone", path: "letter.txt" },
      { source: "laptop", path: "docs/letter copy.txt" },
    ];
    assert.deepEqual(done.damaged, [
      { entry: "files/letter.txt", expected: hashOf("dear aunt"), actual: hashOf("eear aunt"), copies },
    ]);
    assert.deepEqual(codes(done), ["archive/files/letter.txt ENTRY_DAMAGED"]);
    assert.match(
      done.problems[0]?.message ?? "",
      /though its size and time are: .*; good copies according to the last scan: phone: letter\.txt, laptop: docs\/letter copy\.txt$/,
    );
    const shown = await home.onefold(["verify", "--all", "--archive", home.path("archive")]);
    assert.equal(shown.status, 6);
    assert.match(shown.stdout, /\nDamaged +1 file\n/);
    assert.match(shown.stdout, /\nALARM: 1 file read differently/);
  });

  test("and known to be damaged: status says so, every sample reads it again, and it may have healed", async () => {
    await using home = await household({
      phone: Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`${n}.txt`, `text ${n}`])),
    });
    await home.run();
    const status = async () =>
      documentOf<{ archive: { damaged: number } }>(await home.onefold(["status", "--json", ...home.places])).archive;
    await flipBit(home.path("archive/files/7.txt"));
    await verify(home, ["--all"], 6);

    assert.equal((await status()).damaged, 1);
    assert.match(
      (await home.onefold(["status", ...home.places])).stdout,
      /DAMAGED or missing when last read: 1 entry; /,
    );
    assert.equal((await verify(home, ["--sample", "1%"], 6)).damaged.length, 1);
    await flipBit(home.path("archive/files/7.txt"));
    assert.deepEqual((await verify(home, ["--sample", "1%"])).damaged, []);
    assert.equal((await status()).damaged, 0);
  });

  test("with files that were edited, touched, taken away or locked: each is told as what it is", async () => {
    await using home = await household({ phone: { a: "one", b: "second", c: "third!", d: "the last one" } });
    await home.run();
    await appendFile(home.path("archive/files/a"), " and more");
    await utimes(home.path("archive/files/b"), 1_000_000_000, 1_000_000_000);
    await rm(home.path("archive/files/c"));
    const done = await verify(home, ["--all"], 6);

    assert.deepEqual(codes(done), [
      "archive/files/a ENTRY_EDITED",
      "archive/files/b ENTRY_CHANGED",
      "archive/files/c ENTRY_GONE",
    ]);
    assert.deepEqual(
      done.damaged.map(({ entry, actual }) => [entry, actual]),
      [["files/a", hashOf("one and more")]],
    );
    assert.deepEqual(
      done.missing.map(({ entry, expected, actual }) => [entry, expected, actual]),
      [["files/c", hashOf("third!"), null]],
    );
    assert.equal(done.status, "incomplete");
  });
});

describe("a sample", () => {
  const many: Tree = { phone: Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`${n}.txt`, `text ${n}`])) };

  test("is of the size that was asked for, and in the end all have been read", async () => {
    await using home = await household(many);
    await home.run();
    const first = await verify(home, []);
    assert.equal(first.checked, 2);
    for (let n = 0; n < 3; n++) assert.equal((await verify(home, ["--sample", "50%"])).checked, 20);
    assert.ok((await readBy(home)).every(({ run }) => run !== null));
  });

  test("by age takes what was not read since, and what nobody has read", async () => {
    await using home = await household(many);
    await home.run();
    assert.equal((await verify(home, ["--older-than", "90d"])).checked, 40, "the run that copied does not count");
    assert.equal((await verify(home, ["--older-than", "90d"])).checked, 0);
    await home.database.query(sql`
      update entry set verified_at = now() - interval '91 days'
      where file_id in (select id from file where name in ('1.txt', '2.txt'))
    `);
    await home.database.query(sql`
      update entry set verified_at = null where file_id in (select id from file where name = '3.txt')
    `);
    assert.equal((await verify(home, ["--older-than", "90d"])).checked, 3);
  });

  test("is refused if it is not understood, or said in two ways", async () => {
    await using home = await household(many);
    for (const wrong of [
      ["--sample", "5"],
      ["--sample", "0%"],
      ["--sample", "101%"],
      ["--older-than", "90"],
      ["--all", "--sample", "5%"],
      ["--all", "--older-than", "90d"],
      ["--sample", "5%", "--older-than", "90d"],
    ]) {
      const { status, stderr } = await home.onefold(["verify", ...wrong, "--archive", home.path("archive")]);
      assert.equal(status, 2, wrong.join(" "));
      assert.match(stderr, /\[USAGE\]/);
    }
  });
});

describe("files of the archive that are no entries", () => {
  test("are read by --all where they are files of their own: what nobody has read is known then", async () => {
    await using home = await household(sources, { archive: { mine: { "x.txt": "alone in its size" } } });
    await home.run();
    await rm(home.path("archive/by-source/phone/a.txt"));
    await writeFile(home.path("archive/by-source/phone/a.txt"), "first");
    await home.onefold(["scan", ...home.places]);
    const done = await verify(home, ["--all"]);

    assert.equal(done.checked, 5);
    const { stdout } = await home.onefold(["where", hashOf("alone in its size")]);
    assert.match(stdout, /archive: mine\/x\.txt/);
    await flipBit(home.path("archive/by-source/phone/a.txt"));
    assert.deepEqual(
      (await verify(home, ["--all"], 6)).damaged.map(({ entry }) => entry),
      ["by-source/phone/a.txt"],
    );
    assert.equal((await verify(home, ["--older-than", "1y"])).checked, 0);
  });
});

test("a verification stands in the history as a run, and keeps other runs out", async () => {
  await using home = await household(sources);
  await home.run();
  await verify(home, ["--all"]);
  const [last] = documentsOf<{ command: string; status: string; summary: { verify: { checked: number } } }>(
    await home.onefold(["history", "--json"]),
  );

  assert.deepEqual([last?.command, last?.status, last?.summary.verify.checked], ["verify", "complete", 3]);
});

describe("a verification that does not come to its end", () => {
  const second = 1_500_000_000;
  const small = Array.from({ length: 600 }, (_, n) => [
    `${n}.bin`.padStart(7, "0"),
    fileFrom(BigInt(second) * 1_000_000_000n, `content ${n}`),
  ]);
  const slow = "archive/files/300.bin";
  const readBefore = async (home: Household) => (await readBy(home)).filter(({ run }) => run !== null).length;

  /** One thread reads, in the order of the names. It has read some files, and does not come past the slow one. */
  const stuckReading = async (home: Household) => {
    await home.run();
    await home.write("onefold.toml", "[scan]\nthreads = 1\n");
    // Without a single block on the disk, it takes a quarter of an hour to read.
    await truncate(home.path(slow), 2 ** 40);
    const running = home.start(["verify", "--older-than", "1y", "--archive", home.path("archive")]);
    while (running.child.exitCode === null && (await readBefore(home)) === 0) await delay(20);
    const read = await readBefore(home);
    assert.ok(read > 0 && read <= 300, `${read} were read`);
    return { running, read };
  };
  const makeSmall = async (path: string) => {
    await truncate(path, "content 300".length);
    await utimes(path, second, second);
  };

  test("for Ctrl-C remembers what it has read, and the next one goes on", async () => {
    await using home = await household({ phone: Object.fromEntries(small) });
    const { running, read } = await stuckReading(home);
    running.child.kill("SIGINT");
    const { status, stdout } = await running.ended;

    assert.equal(status, 130, stdout);
    assert.equal(await readBefore(home), read);
    await makeSmall(home.path(slow));
    assert.equal((await verify(home, ["--older-than", "1y"])).checked, 600 - read);
  });

  test("since the disk went away does not take its files for lost", async () => {
    await using home = await household({ phone: Object.fromEntries(small) });
    const { running } = await stuckReading(home);
    await rename(home.path("archive/.onefold"), home.path("aside"));
    await rename(home.path("archive/files"), home.path("aside, too"));
    await makeSmall(home.path("aside, too/300.bin"));
    const { status, stderr } = await running.ended;

    assert.equal(status, 5, stderr);
    assert.match(stderr, /\[ARCHIVE_LOST\]/);
    assert.ok((await readBefore(home)) < 600);
    assert.deepEqual(await home.database.query(sql`select from entry where damaged_hash is not null`), []);
  });
});

test("whatever byte of whatever entry is flipped, --all finds that one and no other", async () => {
  const contents = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 90_000, size: "max" }), {
    minLength: 2,
    maxLength: 6,
  });
  const cases = fc.tuple(contents, fc.nat(), fc.nat());
  await fc.assert(
    fc.asyncProperty(cases, async ([texts, which, where]) => {
      const files = Object.fromEntries(texts.map((text, n) => [`${n}.txt`, text]));
      await using home = await household({ phone: files });
      await home.run();
      const name = `files/${which % texts.length}.txt`;
      const before = await readFile(home.path(`archive/${name}`));
      await flipBit(home.path(`archive/${name}`), where % before.length);
      const { damaged } = await verify(home, ["--all"], 6);
      assert.deepEqual(
        damaged.map(({ entry, expected }) => [entry, expected]),
        [[name, hashOf(before)]],
      );
    }),
    { numRuns: Number(process.env["ONEFOLD_PROPERTY_RUNS"] ?? 2), endOnFailure: true },
  );
});
