import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { linkSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { migrationFolder } from "../src/inventory/migrate.ts";
import { dumpSchema } from "../src/inventory/schema-dump.ts";
import { headBytes } from "../src/model/fingerprint.ts";
import { type Household, household } from "../src/testing/household.ts";
import { documentOf, type Summary } from "../src/testing/onefold.ts";

/** More than are needed to see that nearly each size will stand more than once. */
const files = 12_000;
/** What was written so shortly before it was read is read once more by the next scan. */
const racyMs = 3_100;

/** A third of them are copies of others; some are hard links, and some too large to be read at once. */
function layOutMany(home: Household): void {
  for (let n = 0; n < files; n++) {
    const folder = join(home.path("disk"), `d${n % 60}`);
    if (n < 60) mkdirSync(folder);
    const path = join(folder, `f${n}`);
    if (isLink(n)) linkSync(join(home.path("disk"), "d0", "f0"), path);
    else writeFileSync(path, contentOf(n));
  }
}

const isLink = (n: number) => n % 100 === 99;

function contentOf(n: number): string {
  if (n % 1_000 === 500) return `${n % 2_000}`.padEnd(100_000, "x");
  const original = n % 3 === 1 ? n - 1 : n;
  return `${original}`.padEnd(100 + (original % 50), ".");
}

/** As it should be counted: hard links to one file are one. */
function expected(): { groups: number; files: number } {
  const copies = new Map<string, number>();
  for (let n = 0; n < files; n++) {
    if (!isLink(n)) copies.set(contentOf(n), (copies.get(contentOf(n)) ?? 0) + 1);
  }
  const groups = [...copies.values()].filter((count) => count > 1);
  return { groups: groups.length, files: groups.reduce((sum, count) => sum + count - 1, 0) };
}

async function scan(home: Household): Promise<Summary> {
  return documentOf<Summary>(await home.onefold(["scan", "--json", ...home.places]));
}

/** What is written is flushed first: only that can be forgotten. */
function forgetFiles(): boolean {
  try {
    execFileSync("sync");
    writeFileSync("/proc/sys/vm/drop_caches", "3");
    return true;
  } catch {
    return false;
  }
}

test("many small files, read as soon as they are seen: the same duplicates, and no byte is read twice", async () => {
  await using home = await household({ disk: {} });
  layOutMany(home);
  await delay(racyMs);
  const first = await scan(home);
  const { groups, files: surplus } = first.duplicates;

  assert.deepEqual({ groups, files: surplus }, expected());
  assert.equal(first.scan.files, files);
  assert.ok(first.scan.hashedFiles <= files);
  // Of large files the ends are read first.
  const most = first.scan.bytes + (files / 1_000) * 2 * headBytes;
  assert.ok(first.scan.readBytes <= most, `${first.scan.readBytes} of ${most}`);

  const second = await scan(home);
  assert.deepEqual([second.scan.unchanged, second.scan.readBytes], [files, 0]);
  assert.deepEqual(second.duplicates, first.duplicates);
});

test("many small files of which nothing is in memory are asked for ahead: the same duplicates", async (t) => {
  await using home = await household({ disk: {} });
  layOutMany(home);
  await delay(racyMs);
  if (!forgetFiles()) return t.skip("only root can make the system forget what it has in memory");
  const { duplicates, scan: scanned } = await scan(home);

  assert.deepEqual({ groups: duplicates.groups, files: duplicates.files }, expected());
  assert.equal(scanned.unreadable, 0);
});

test("a first scan that was killed in the middle leaves what the next one needs to find the same", async () => {
  await using home = await household({ disk: {} });
  layOutMany(home);
  await delay(racyMs);
  for (const afterMs of [400, 600, 800, 1_000]) {
    const killed = home.start(["scan", "--json", ...home.places]);
    await delay(afterMs);
    killed.child.kill("SIGKILL");
    await killed.ended;
  }
  const { duplicates, scan: scanned } = await scan(home);

  assert.deepEqual({ groups: duplicates.groups, files: duplicates.files }, expected());
  assert.equal(scanned.files, files);
  const written = await readFile(join(migrationFolder, "schema.sql"), "utf8");
  assert.equal(await dumpSchema(home.database), written);
});

test("after a scan that found the same as ever, a changed file, a new one and one that went are noticed", async () => {
  await using home = await household({ disk: {} });
  layOutMany(home);
  await delay(racyMs);
  await scan(home);
  const before = await scan(home);
  // One of three: a pair is two copies of one content.
  writeFileSync(join(home.path("disk"), "d1", "f1"), "another");
  writeFileSync(join(home.path("disk"), "d2", "new"), "another");
  rmSync(join(home.path("disk"), "d4", "f4"));
  const after = await scan(home);

  assert.deepEqual([after.scan.new, after.scan.changed, after.scan.missing], [1, 1, 1]);
  assert.equal(after.scan.unchanged, files - 2);
  assert.notDeepEqual(after.duplicates, before.duplicates);
});

test("a first scan leaves the tables as the migrations made them, with all indexes", async () => {
  await using home = await household({ disk: { a: "one", b: "one" } });
  await scan(home);

  const written = await readFile(join(migrationFolder, "schema.sql"), "utf8");
  assert.equal(await dumpSchema(home.database), written);
});
