import assert from "node:assert/strict";
import { appendFile, link, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { describe, test } from "node:test";
import fc from "fast-check";
import { sql } from "../src/inventory/database.ts";
import type { PathText } from "../src/model/path.ts";
import { type Household, household, type Snapped, snapshot } from "../src/testing/household.ts";
import { documentOf, documentsOf, type ListedProblem } from "../src/testing/onefold.ts";
import { brokenPromises } from "../src/testing/promises.ts";
import { addTo, fileFrom, type Tree } from "../src/testing/tree.ts";

const second = 1_000_000_000n;
const runs = Number(process.env["ONEFOLD_PROPERTY_RUNS"] ?? 4);

interface Undone {
  readonly command: string;
  readonly status: string;
  readonly run: string;
  readonly undone: string;
  readonly undo: Readonly<
    Record<"removedFiles" | "removedLinks" | "removedBytes" | "separated" | "kept" | "seconds", number>
  >;
  readonly problems: readonly ListedProblem[];
}

async function undo(
  home: Household,
  run: string,
  { status = 0, more = [] as readonly string[] } = {},
): Promise<Undone> {
  const ended = await home.onefold(["undo", run, "--json", ...home.places, ...more]);
  assert.equal(ended.status, status, ended.stderr + ended.stdout);
  return documentOf<Undone>(ended);
}

const numbers = ({ undo: { removedFiles, removedLinks, separated, kept } }: Undone) => [
  removedFiles,
  removedLinks,
  separated,
  kept,
];
const codes = ({ problems }: Undone) => problems.map(({ path, code }) => `${path} ${code}`).sort();

/** An archive as a user sees it: names, inodes, contents, times of files. */
async function standing(root: PathText): Promise<unknown[]> {
  return [...(await snapshot(root))]
    .filter(([path]) => path !== ".onefold" && !path.startsWith(".onefold/"))
    .map(([path, { kind, inode, content, modifiedNs, mode }]: [PathText, Snapped]) => {
      return kind === "file" ? [path, inode, content, modifiedNs, mode] : [path, kind, inode];
    });
}

async function sourcesOf(home: Household): Promise<unknown> {
  return Promise.all(home.sources.map((name) => snapshot(home.path(name))));
}

/** What a run made of an archive, but for the numbers of its inodes. */
async function archived(home: Household): Promise<unknown[]> {
  const all = await snapshot(home.path("archive"));
  return [...all].flatMap(([path, { kind, content, modifiedNs }]) =>
    kind !== "file" || path.startsWith(".onefold/") ? [] : [[path, content, modifiedNs]],
  );
}

const sources = {
  phone: {
    DCIM: { "IMG_20190714_101500.jpg": fileFrom(1_563_099_300n * second, "beach") },
    "letter.txt": fileFrom(1_500_000_000n * second, "dear"),
  },
  laptop: { "beach.jpg": fileFrom(1_563_099_301n * second, "beach"), "empty.txt": "" },
};

describe("undoing a run", () => {
  test("leaves the archive as it was, and running again does it again", async () => {
    await using home = await household(sources);
    const before = await standing(home.path("archive"));
    const untouched = await sourcesOf(home);
    const { run } = await home.run();
    const done = await archived(home);
    const undone = await undo(home, run);

    assert.deepEqual([undone.command, undone.status, undone.undone], ["undo", "complete", run]);
    assert.deepEqual(numbers(undone), [3, 4, 0, 0]);
    assert.equal(undone.undo.removedBytes, 9);
    assert.deepEqual(await standing(home.path("archive")), before);
    assert.deepEqual(await sourcesOf(home), untouched);
    const [{ files } = { files: -1 }] = await home.database.query<{ files: number }>(sql`
      select (select count(*) from entry)::int4 + count(*)::int4 as files
      from file join folder on folder.id = folder_id join source on source.id = source_id
      where kind = 'archive' and gone_at is null
    `);
    assert.equal(files, 0);
    await home.run();
    assert.deepEqual(await archived(home), done);
    assert.deepEqual(await brokenPromises(home), []);
  });

  test("keeps what stood in the archive before, also what the run has linked", async () => {
    await using home = await household(sources, {
      archive: { photos: { 2019: { "own.txt": "mine" } }, mine: { "b.jpg": "beach" }, hollow: {} },
    });
    const before = await standing(home.path("archive"));
    const { run } = await home.run();
    await undo(home, run);

    assert.deepEqual(await standing(home.path("archive")), before);
  });

  test("twice is as good as once, and the second time leaves no journal", async () => {
    await using home = await household(sources);
    const { run } = await home.run();
    await undo(home, run);
    const journals = await readdir(home.path("archive/.onefold/journal"));
    const again = await undo(home, run);

    assert.deepEqual([...numbers(again), again.status], [0, 0, 0, 0, "complete"]);
    assert.deepEqual(await readdir(home.path("archive/.onefold/journal")), journals);
    assert.equal(journals.length, 2);
  });

  test("that changed nothing changes nothing", async () => {
    await using home = await household(sources);
    const { stdout } = await home.onefold(["scan", "--json", ...home.places]);
    const undone = await undo(home, JSON.parse(stdout).run);

    assert.deepEqual(numbers(undone), [0, 0, 0, 0]);
    const shown = await home.onefold(["undo", undone.undone, ...home.places]);
    assert.match(shown.stdout, /changed nothing/);
  });

  test("with --dry-run says what it would do, and does not", async () => {
    await using home = await household(sources);
    const { run } = await home.run();
    const before = await snapshot(home.path("archive"));
    const preview = await undo(home, run, { more: ["--dry-run"] });
    const { stdout } = await home.onefold(["undo", run, "--dry-run", ...home.places]);

    assert.deepEqual(numbers(preview), [3, 4, 0, 0]);
    assert.equal(preview.undo.removedBytes, 9);
    assert.match(stdout, /^remove by-source\/phone\/letter\.txt$/m);
    assert.match(stdout, /^remove files\/letter\.txt$/m);
    assert.deepEqual(await snapshot(home.path("archive")), before);
  });

  test("is a run itself: in the history, with a journal, and not to be undone", async () => {
    await using home = await household(sources);
    const { run } = await home.run();
    const undone = await undo(home, run);
    const [last] = documentsOf<{ command: string; id: string }>(await home.onefold(["history", "--json"]));
    const told = documentsOf<{ do?: string; undoes?: string }>(await home.onefold(["history", undone.run, "--json"]));
    const refused = await home.onefold(["undo", undone.run, ...home.places]);

    assert.deepEqual([last?.command, last?.id], ["undo", undone.run]);
    assert.equal(told.find((record) => record.do === "begin")?.undoes, run);
    assert.ok(told.some((record) => record.do === "intend") && told.some((record) => record.do === "end"));
    assert.equal(refused.status, 2);
    assert.match(refused.stderr, /\[CANNOT_UNDO\]/);
  });

  test("of an unknown run is refused", async () => {
    await using home = await household(sources);
    await home.run();
    const { status, stderr } = await home.onefold(["undo", "20200101-nothing", ...home.places]);

    assert.equal(status, 2);
    assert.match(stderr, /\[NO_SUCH_RUN\]/);
  });

  test("works from the journal alone: in another inventory, by the beginning of the run's id", async () => {
    await using home = await household(sources);
    await using other = await household({});
    const before = await standing(home.path("archive"));
    const { run } = await home.run();
    const ended = await other.onefold(["undo", run.slice(0, -1), "--json", "--archive", home.path("archive")]);

    assert.equal(ended.status, 0, ended.stderr);
    assert.equal(documentOf<Undone>(ended).undone, run);
    assert.deepEqual(await standing(home.path("archive")), before);
  });

  test("finds the archive by the inventory if none is named", async () => {
    await using home = await household(sources);
    const { run } = await home.run();
    const { status, stderr } = await home.onefold(["undo", run]);

    assert.equal(status, 0, stderr);
    assert.deepEqual(await home.archived(), {});
  });

  test("whose journal is damaged touches nothing", async () => {
    await using home = await household(sources);
    const { run } = await home.run();
    const path = home.path(`archive/.onefold/journal/${run}.jsonl`);
    await writeFile(path, (await readFile(path, "utf8")).replace('"batch":0', '"batch":9'));
    const before = await standing(home.path("archive"));
    const { status, stderr } = await home.onefold(["undo", run, ...home.places]);

    assert.equal(status, 6);
    assert.match(stderr, /\[JOURNAL_DAMAGED\]/);
    assert.deepEqual(await standing(home.path("archive")), before);
  });
});

describe("what undoing must not lose is kept and listed:", () => {
  test("a file that was changed, moved or replaced since", async () => {
    await using home = await household(sources);
    const { run } = await home.run();
    await appendFile(home.path("archive/files/letter.txt"), ", more");
    await rename(home.path("archive/by-source/laptop/empty.txt"), home.path("archive/by-source/laptop/other.txt"));
    await writeFile(home.path("archive/by-source/laptop/empty.txt"), "new");
    const undone = await undo(home, run, { status: 3 });

    assert.deepEqual(codes(undone), [
      "by-source/laptop/empty.txt CHANGED_SINCE",
      "by-source/phone/letter.txt CHANGED_SINCE",
      "files/empty.txt USED_LATER",
      "files/letter.txt CHANGED_SINCE",
    ]);
    assert.deepEqual(await home.archived(), {
      "by-source": { laptop: { "empty.txt": "new", "other.txt": "" }, phone: { "letter.txt": "dear, more" } },
      files: { "empty.txt": "", "letter.txt": "dear, more" },
    });
    assert.deepEqual(numbers(undone), [1, 2, 0, 4]);
  });

  test("the last copy, where the source is gone, changed, or the archive's own file by another way", async () => {
    await using home = await household({
      phone: { "gone.txt": "gone", "changed.txt": "changed", "aliased.txt": "aliased", "kept.txt": "kept" },
    });
    const { run } = await home.run();
    await rm(home.path("phone/gone.txt"));
    await writeFile(home.path("phone/changed.txt"), "CHANGED");
    await rm(home.path("phone/aliased.txt"));
    await link(home.path("archive/files/aliased.txt"), home.path("phone/aliased.txt"));
    const undone = await undo(home, run, { status: 3 });

    assert.deepEqual(codes(undone), [
      "files/aliased.txt USED_LATER",
      "files/changed.txt LAST_COPY",
      "files/gone.txt LAST_COPY",
    ]);
    assert.deepEqual(await home.archived(), {
      files: { "aliased.txt": "aliased", "changed.txt": "changed", "gone.txt": "gone" },
    });
  });

  test("not a file whose source is gone, if another source still holds its content", async () => {
    await using home = await household(sources);
    // The journal tells of it, too.
    await using other = await household({});
    const { run } = await home.run();
    await rm(home.path("phone/DCIM"), { recursive: true });
    const { status, stderr } = await other.onefold(["undo", run, "--archive", home.path("archive")]);
    assert.equal(status, 0, stderr);

    assert.deepEqual(await home.archived(), {});
  });

  test("what a later run uses, until that is undone, too", async () => {
    await using home = await household({ phone: sources.phone, laptop: {} });
    const before = await standing(home.path("archive"));
    const first = await home.run();
    await addTo(home.path("laptop"), { "beach.jpg": "beach", "new.txt": "new" });
    const later = await home.run();
    const early = await undo(home, first.run, { status: 3 });

    assert.deepEqual(codes(early), ["photos/2019/07/IMG_20190714_101500.jpg USED_LATER"]);
    await undo(home, later.run);
    await undo(home, first.run);
    assert.deepEqual(await standing(home.path("archive")), before);
  });
});

const aName = fc.constantFrom(
  "a.txt",
  "A.TXT",
  "IMG_1.JPG",
  "IMG_1.CR2",
  "caf\\xe9",
  "20190714_101500.jpg",
  "Thumbs.db",
);
const aContent = fc.constantFrom("", "one", "two", "six", "longer than most of the others", "x".repeat(70_000));
const aTime = fc.constantFrom(-5n, 1_000_000_000n, 1_563_099_300n).map((time) => time * second);
const aFile = fc.tuple(aContent, aTime).map(([content, modified]) => fileFrom(modified, content));
const aFolder = fc.dictionary(aName, aFile, { maxKeys: 5, noNullPrototype: true });
const aTree: fc.Arbitrary<Tree> = fc
  .tuple(aFolder, fc.dictionary(fc.constantFrom("docs", "DCIM", "x"), aFolder, { maxKeys: 2, noNullPrototype: true }))
  .map(([files, folders]) => ({ ...files, ...folders }));
const aHousehold = fc.record({ phone: aTree, laptop: aTree, mine: aTree, more: aTree });

test("whatever the sources and the archive hold, undoing runs in reverse order leaves the archive as it was", async () => {
  await fc.assert(
    fc.asyncProperty(aHousehold, async ({ phone, laptop, mine, more }) => {
      await using home = await household({ phone, laptop, late: {} }, { archive: { mine, files: { docs: {} } } });
      const states = [await standing(home.path("archive"))];
      const first = await home.run();
      states.push(await standing(home.path("archive")));
      await addTo(home.path("late"), more);
      const untouched = await sourcesOf(home);
      const later = await home.run();
      const made = await archived(home);
      await undo(home, later.run);
      assert.deepEqual(await standing(home.path("archive")), states[1]);
      const again = await home.run();
      assert.deepEqual(await archived(home), made);
      await undo(home, again.run);
      await undo(home, first.run);
      assert.deepEqual(await standing(home.path("archive")), states[0]);
      assert.deepEqual(await sourcesOf(home), untouched);
    }),
    { numRuns: Math.ceil(runs / 2), endOnFailure: true },
  );
});

test("undone in the wrong order, no content that the sources lost meanwhile is lost", async () => {
  await fc.assert(
    fc.asyncProperty(aHousehold, fc.boolean(), async ({ phone, laptop, more }, isWiped) => {
      await using home = await household({ phone, laptop, late: {} });
      const first = await home.run();
      await addTo(home.path("late"), more);
      await home.run();
      const contents = contentsOf(await snapshot(home.path("archive")));
      if (isWiped) await rm(home.path("phone"), { recursive: true });
      await home.onefold(["undo", first.run, "--json", "--archive", home.path("archive")]);
      const left = contentsOf(await snapshot(home.disk.root));
      assert.deepEqual(
        [...contents].filter((content) => !left.has(content)),
        [],
      );
    }),
    { numRuns: Math.ceil(runs / 2), endOnFailure: true },
  );
});

function contentsOf(all: ReadonlyMap<PathText, Snapped>): Set<string> {
  const files = [...all].filter(([path, { kind }]) => kind === "file" && !path.includes(".onefold/"));
  return new Set(files.map(([, { content }]) => content));
}
