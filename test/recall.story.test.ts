import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { rm, writeFile } from "node:fs/promises";
import { describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { sql } from "../src/inventory/database.ts";
import { type Household, household } from "../src/testing/household.ts";
import { programLine } from "../src/testing/onefold.ts";
import { hasStrace } from "../src/testing/programs.ts";
import { brokenPromises } from "../src/testing/promises.ts";
import { fileFrom } from "../src/testing/tree.ts";

const second = 1_000_000_000n;
/** Files that changed so shortly before they are read would be read again anyway. */
const racyMs = 3_100;

const sources = {
  phone: {
    DCIM: { "IMG_20190714_101500.jpg": fileFrom(1_563_099_300n * second, "beach") },
    "letter.txt": fileFrom(1_500_000_000n * second, "dear"),
  },
  laptop: { "copy.txt": fileFrom(1_500_000_001n * second, "dear"), "long.txt": "long ".repeat(20_000) },
};

interface Entry {
  readonly path: string;
  readonly run: string | null;
  readonly captured: unknown;
}

/** Entries and what is known of them, but for the run that made them. */
async function entriesIn(home: Household): Promise<Entry[]> {
  return home.database.query<Entry>(sql`
    select case when folder.path = '' then file.name else folder.path || '/' || file.name end as path, run_id as run,
      captured
    from entry join file on file.id = file_id join folder on folder.id = folder_id where gone_at is null order by path
  `);
}

/** Runs until names in a folder of the archive have been made, and is killed when it flushes it; false if it never did. */
function killedAt(home: Household, folder: string): boolean {
  const [program = "", ...args] = programLine(["run", "--json", ...home.places]);
  const fault = ["-P", home.path(`archive/${folder}`), "-e", "trace=fsync", "-e", "inject=fsync:signal=SIGKILL"];
  const options = ["-f", "-qq", "-o", "/dev/null", ...fault];
  const { signal } = spawnSync("strace", [...options, program, ...args], {
    env: { ...process.env, ...home.environment },
  });
  return signal === "SIGKILL";
}

/** What the last run did not copy by itself. */
const notOfLast = async (home: Household) => {
  const [{ id } = { id: "" }] = await home.database.query<{ id: string }>(sql`
    select id from run order by started_at desc
  `);
  return (await entriesIn(home)).filter(({ run }) => run !== id).map(({ path }) => path);
};

describe("after a kill", { skip: hasStrace() ? false : "strace is not here, or may not trace" }, () => {
  for (const [folder, why] of [
    ["files", "after files were published"],
    ["by-source/laptop", "while links were made"],
  ] as const) {
    test(`${why}, the next run knows what was placed`, async () => {
      await using calm = await household(sources);
      await using home = await household(sources);
      await delay(racyMs);
      await calm.run();
      assert.ok(killedAt(home, folder));
      const { consolidate } = await home.run();

      assert.deepEqual(await brokenPromises(home), []);
      const recalled = await notOfLast(home);
      assert.ok(recalled.length > 0);
      assert.equal(consolidate.copiedFiles, 3 - recalled.length);
      const facts = (all: Entry[]) => all.map(({ path: at, captured }) => [at, captured]);
      assert.deepEqual(facts(await entriesIn(home)), facts(await entriesIn(calm)));
      const again = await home.run();
      assert.deepEqual([again.plan.copyFiles, again.plan.linkFiles, again.scan.readBytes], [0, 0, 0]);
    });
  }
});

/** As if the power had gone before the database had put its last commits on the disk. */
async function loseCommits(home: Household): Promise<void> {
  await home.database.query(sql`update run set status = 'running', summary = null, ended_at = null`);
  await home.database.query(sql`delete from entry`);
  await home.database.query(sql`delete from evidence`);
  await home.database.query(sql`delete from file`);
}

describe("a database that lost its last commits", () => {
  test("learns from the journal what was done: nothing is read and nothing copied again", async () => {
    await using home = await household(sources);
    await delay(racyMs);
    await home.run();
    const entries = await entriesIn(home);
    await loseCommits(home);
    const { scan, plan } = await home.run();

    assert.deepEqual([scan.readBytes, plan.copyFiles, plan.linkFiles], [0, 0, 0]);
    assert.deepEqual(await entriesIn(home), entries);
    const [known] = await home.database.query<{ summary: unknown }>(sql`select summary from run order by started_at`);
    assert.deepEqual(known?.summary, { recalled: true });
  });

  test("believes the journal only of files that stand as it says", async () => {
    await using home = await household(sources);
    await home.run();
    await loseCommits(home);
    await rm(home.path("archive/files/letter.txt"));
    await writeFile(home.path("archive/files/letter.txt"), "fear");
    await home.run();

    assert.deepEqual(await brokenPromises(home), []);
    const archived = await home.archived();
    assert.equal((archived["files"] as Record<string, string>)["letter.txt"], "fear");
  });
});
