import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { appendFile, readdir, readFile, stat, utimes, writeFile } from "node:fs/promises";
import { describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import fc from "fast-check";
import { type Database, sql } from "../src/inventory/database.ts";
import type { PathText } from "../src/model/path.ts";
import { type Household, household, snapshot, summaryOf } from "../src/testing/household.ts";
import { documentOf, documentsOf, type ListedProblem } from "../src/testing/onefold.ts";
import { addTo, fileFrom, type Tree } from "../src/testing/tree.ts";

const second = 1_000_000_000n;
const runs = Number(process.env["ONEFOLD_PROPERTY_RUNS"] ?? 4);
/** Files that changed so shortly before they are read would be read again anyway. */
const racyMs = 3_100;

interface Rebuilt {
  readonly command: string;
  readonly status: string;
  readonly rebuild: Readonly<
    Record<"journals" | "files" | "entries" | "origins" | "runs" | "readBytes" | "seconds", number>
  >;
  readonly problems: readonly ListedProblem[];
}

/** The same disks with another, empty database. */
interface Lost extends AsyncDisposable {
  readonly database: Database;
  onefold: Household["onefold"];
  rebuild(options?: { readonly status?: number; readonly more?: readonly string[] }): Promise<Rebuilt>;
}

async function withLostDatabase(home: Household): Promise<Lost> {
  const other = await household({});
  return {
    database: other.database,
    onefold: (args, options) => other.onefold(args, { cwd: home.disk.root, ...options }),
    rebuild: async ({ status = 0, more = [] } = {}) => {
      const ended = await other.onefold(["database", "rebuild", "--json", "--archive", home.path("archive"), ...more]);
      assert.equal(ended.status, status, ended.stderr + ended.stdout);
      return documentOf<Rebuilt>(ended);
    },
    [Symbol.asyncDispose]: () => other[Symbol.asyncDispose](),
  };
}

/** What a database knows of an archive and of the files that came into it. */
async function knowledge(database: Database) {
  const files = await database.query(sql`
    select source.name as source, folder.path as folder, file.name, file.size, file.mtime, encode(file.hash, 'hex') as hash,
      entry.file_id is not null as is_entry, captured, entry.run_id
    from file join folder on folder.id = folder_id join source on source.id = source_id
    left join entry on entry.file_id = file.id
    where gone_at is null and not junk
    order by 1, 2, 3
  `);
  const told = await database.query<{ id: string }>(sql`
    select id, command, status from run where command in ('run', 'relink', 'undo') order by id
  `);
  return { files, told };
}

const sources = {
  phone: {
    DCIM: { "IMG_20190714_101500.jpg": fileFrom(1_563_099_300n * second, "beach") },
    "letter.txt": fileFrom(1_500_000_000n * second, "dear"),
  },
  laptop: {
    "beach.jpg": fileFrom(1_563_099_301n * second, "beach"),
    "long.txt": fileFrom(1_500_000_001n * second, "long ".repeat(20_000)),
  },
};

describe("a database that was lost", () => {
  test("is rebuilt from the archive: status, where, duplicates, undo work, and a run reads nothing", async () => {
    await using home = await household(sources);
    await delay(racyMs);
    const { run } = await home.run();
    const known = await knowledge(home.database);
    await using lost = await withLostDatabase(home);
    const rebuilt = await lost.rebuild();

    const { journals, files, entries, origins, runs: added, readBytes } = rebuilt.rebuild;
    assert.deepEqual([journals, files, entries, origins, added, readBytes], [1, 7, 3, 4, 1, 0]);
    assert.equal(rebuilt.status, "complete");
    assert.deepEqual(await knowledge(lost.database), known);
    const groups = documentsOf<{ entry: string }>(await lost.onefold(["duplicates", "--json", ...home.places]));
    assert.deepEqual(
      groups.map(({ entry }) => entry),
      ["photos/2019/07/IMG_20190714_101500.jpg"],
    );
    const where = documentOf<{ entry: string }>(
      await lost.onefold(["where", home.path("phone/letter.txt"), "--json", ...home.places]),
    );
    assert.equal(where.entry, "files/letter.txt");
    const again = await summaryOf(lost.onefold(["run", "--json", ...home.places]));
    assert.deepEqual([again.scan.readBytes, again.plan.copyFiles, again.plan.linkFiles], [0, 0, 0]);
    const undone = await lost.onefold(["undo", run, "--json", ...home.places]);
    assert.equal(undone.status, 0, undone.stderr);
    assert.deepEqual(await home.archived(), {});
  });

  test("knows a relinked archive as it stands, and what was undone is no more", async () => {
    const mine = {
      "a.txt": fileFrom(1_000_000_000n * second, "dear"),
      "b.txt": fileFrom(1_100_000_000n * second, "own"),
      "c.txt": fileFrom(1_050_000_000n * second, "own"),
    };
    await using home = await household(sources, { archive: { mine } });
    await delay(racyMs);
    await home.run();
    await addTo(home.path("phone"), { "later.txt": "later" });
    const later = await home.run();
    await home.onefold(["relink", ...home.places]);
    await home.onefold(["undo", later.run, ...home.places]);
    await using lost = await withLostDatabase(home);
    await lost.rebuild();

    const paths = await lost.database.query<{ path: string }>(sql`
      select folder.path || '/' || file.name as path from file join folder on folder.id = folder_id
      join source on source.id = source_id
      where kind = 'archive' and gone_at is null and hash is null
    `);
    assert.deepEqual(paths, []);
    const history = documentsOf<{ command: string }>(await lost.onefold(["history", "--json"]));
    assert.deepEqual(history.map(({ command }) => command).sort(), ["rebuild", "relink", "run", "run", "undo"]);
  });

  test("may be rebuilt twice, and what it knows from a newer scan stays", async () => {
    await using home = await household(sources);
    await home.run();
    await writeFile(home.path("phone/letter.txt"), "fear");
    await home.run();
    const known = await knowledge(home.database);
    for (const _time of [1, 2]) {
      const ended = await home.onefold(["database", "rebuild", "--json", ...home.places]);
      assert.equal(ended.status, 0, ended.stderr);
    }

    assert.deepEqual(await knowledge(home.database), known);
  });

  test("does not take a file for what a run left that somebody has changed since", async () => {
    await using home = await household(sources);
    await home.run();
    await appendFile(home.path("archive/files/letter.txt"), "!");
    await using lost = await withLostDatabase(home);
    const { rebuild } = await lost.rebuild();
    assert.equal(rebuild.entries, 2);
    const run = await lost.onefold(["run", "--json", ...home.places]);

    assert.equal(run.status, 0, run.stderr);
    const contents = [...(await snapshot(home.path("archive"))).values()].map(({ content }) => content);
    const [letter] = [...(await snapshot(home.path("phone/letter.txt"))).values()];
    assert.ok(contents.includes(letter?.content ?? ""), "the letter is archived again");
  });

  test("is rebuilt by reading with --read, which finds a file that rotted", async () => {
    await using home = await household(sources);
    await home.run();
    await rot(home, "archive/files/long.txt");
    await using lost = await withLostDatabase(home);
    const { rebuild, problems } = await lost.rebuild({ status: 6, more: ["--read"] });

    assert.equal(rebuild.readBytes, 5 + 4 + 100_000);
    assert.deepEqual(problems.map(({ path, code }) => `${path} ${code}`).sort(), [
      "by-source/laptop/long.txt CONTENT_DIFFERS",
      "files/long.txt CONTENT_DIFFERS",
    ]);
  });

  test("needs whole journals, or --skip-damaged; one that is torn at its end is whole enough", async () => {
    await using home = await household(sources);
    await home.run();
    await using lost = await withLostDatabase(home);
    const folder = home.path("archive/.onefold/journal");
    const [name = ""] = await readdir(folder);
    const text = await readFile(`${folder}/${name}`, "utf8");
    const lines = text.split("\n");
    await writeFile(`${folder}/${name}`, text.slice(0, -9));
    assert.equal((await lost.rebuild()).rebuild.files, 7);
    await using fresh = await withLostDatabase(home);
    await writeFile(`${folder}/${name}`, [...lines.slice(0, -3), "{}", ...lines.slice(-3)].join("\n"));
    const refused = await fresh.onefold(["database", "rebuild", "--archive", home.path("archive")]);

    assert.equal(refused.status, 6);
    assert.match(refused.stderr, new RegExp(`${name} is damaged.*\\[JOURNAL_DAMAGED\\]`));
    assert.equal((await fresh.rebuild({ more: ["--skip-damaged"] })).status, "complete");
  });

  test("is not rebuilt from a folder that is no archive", async () => {
    await using home = await household(sources);
    const { status, stderr } = await home.onefold(["database", "rebuild", "--archive", home.path("phone")]);

    assert.equal(status, 2);
    assert.match(stderr, /\[NO_JOURNALS\]/);
  });
});

/** Changes a byte, and leaves size and time as they were. */
async function rot(home: Household, path: string): Promise<void> {
  const { mtimeMs } = await stat(home.path(path));
  const bytes = await readFile(home.path(path));
  bytes[50_000] = 0;
  await writeFile(home.path(path), bytes);
  await utimes(home.path(path), mtimeMs / 1000, mtimeMs / 1000);
}

const aName = fc.constantFrom("a.txt", "IMG_1.JPG", "IMG_1.CR2", "caf\\xe9", "two\\x0alines", "20190714_101500.jpg");
const aContent = fc.constantFrom("", "one", "two", "six", "x".repeat(70_000));
const aTime = fc.constantFrom(-5n, 1_000_000_000n, 1_563_099_300n).map((time) => time * second);
const aFile = fc.tuple(aContent, aTime).map(([content, modified]) => fileFrom(modified, content));
const aFolder = fc.dictionary(aName, aFile, { maxKeys: 5, noNullPrototype: true });
const aTree: fc.Arbitrary<Tree> = fc
  .tuple(aFolder, fc.dictionary(fc.constantFrom("docs", "DCIM", "x"), aFolder, { maxKeys: 2, noNullPrototype: true }))
  .map(([files, folders]) => ({ ...files, ...folders }));

test("whatever was archived in two runs, a rebuilt database knows what the lost one knew", async () => {
  await fc.assert(
    fc.asyncProperty(aTree, aTree, aTree, async (phone, laptop, more) => {
      await using home = await household({ phone, laptop, late: {} });
      await home.run();
      await addTo(home.path("late"), more);
      await delay(racyMs);
      await home.run();
      await using lost = await withLostDatabase(home);
      await lost.rebuild();
      const known = await knowledge(home.database);
      // A run that had nothing to do has left no journal.
      const told = known.told.filter(({ id }) => existsSync(home.path(`archive/.onefold/journal/${id}.jsonl`)));
      assert.deepEqual(await knowledge(lost.database), { ...known, told });
      const before = await snapshot(home.path("archive"));
      const { plan } = await summaryOf(lost.onefold(["run", "--json", ...home.places]));
      assert.deepEqual([plan.copyFiles, plan.linkFiles], [0, 0]);
      assert.deepEqual(filesOf(await snapshot(home.path("archive"))), filesOf(before));
    }),
    { numRuns: Math.ceil(runs / 2), endOnFailure: true },
  );
});

function filesOf(all: Awaited<ReturnType<typeof snapshot>>): unknown {
  return [...all].filter(([path]: [PathText, unknown]) => !path.startsWith(".onefold"));
}
