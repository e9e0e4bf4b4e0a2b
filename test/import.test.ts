import assert from "node:assert/strict";
import { readFile, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { Blake3Hasher } from "@napi-rs/blake-hash";
import { type Household, household } from "../src/testing/household.ts";
import { documentOf, type ListedProblem, type Summary } from "../src/testing/onefold.ts";

interface Imported {
  readonly status: string;
  readonly import: Readonly<
    Record<"groups" | "files" | "claims" | "applied" | "confirmed" | "contradicted" | "open", number>
  >;
  readonly problems: readonly ListedProblem[];
}

const big = "a holiday on Crete ".repeat(10_000);
const other = "a holiday on Korfu ".repeat(10_000);
const past = new Date("2019-07-04T12:00:00Z");
const hashOf = (content: string) => new Blake3Hasher().update(Buffer.from(content)).digest("hex");

/** What czkawka_cli 7 to 12 writes about files, who are said to have one content. */
async function czkawkaSays(home: Household, names: readonly string[], content: string): Promise<string> {
  const entries = names.map((name) => ({
    path: home.path(name),
    modified_date: past.getTime() / 1000,
    size: content.length,
    hash: hashOf(content),
  }));
  const file = join(home.disk.root, "duplicates.json");
  await writeFile(file, JSON.stringify({ [content.length]: [entries] }));
  return file;
}

async function dated(home: Household, ...names: readonly string[]): Promise<void> {
  for (const name of names) await utimes(home.path(name), past, past);
}

async function imported(home: Household, args: readonly string[], status = 0): Promise<Imported> {
  const ended = await home.onefold(["import", "--json", ...args]);
  assert.equal(ended.status, status, ended.stdout + ended.stderr);
  return documentOf<Imported>(ended);
}

test("results of czkawka save the scan from reading, and the run still reads every file before it relies on them", async () => {
  await using home = await household({ phone: { "a.txt": big }, disk: { "b.txt": big } });
  await dated(home, "phone/a.txt", "disk/b.txt");
  const { claims, open } = (await imported(home, [await czkawkaSays(home, ["phone/a.txt", "disk/b.txt"], big)])).import;
  assert.deepEqual([claims, open], [2, 1]);

  const scanned = documentOf<Summary>(await home.onefold(["scan", "--json", ...home.places]));

  assert.deepEqual([scanned.scan.readBytes, scanned.duplicates.groups, scanned.duplicates.files], [0, 1, 1]);
  const { scan, consolidate } = await home.run();
  assert.equal(scan.readBytes, 2 * big.length, "each byte once: one file by its copy, the other before its link");
  assert.deepEqual([consolidate.copiedFiles, consolidate.linkedFiles], [1, 2]);
  const again = await imported(home, [home.path("duplicates.json")]);
  assert.deepEqual([again.import.confirmed, again.import.applied], [1, 0]);
});

test("a wrong claim loses nothing: both contents get in", async () => {
  await using home = await household({ phone: { "a.txt": big }, disk: { "b.txt": other } });
  await dated(home, "phone/a.txt", "disk/b.txt");
  await imported(home, [await czkawkaSays(home, ["phone/a.txt", "disk/b.txt"], big)]);

  const { status } = await home.run();

  assert.equal(status, "complete");
  for (const [name, content] of [
    ["phone/a.txt", big],
    ["disk/b.txt", other],
  ] as const) {
    assert.equal(await readFile(home.path(`archive/by-source/${name}`), "utf8"), content);
    assert.equal(await readFile(home.path(`archive/files/${name.split("/")[1]}`), "utf8"), content);
  }
  const again = await home.run();
  assert.deepEqual([again.plan.copyFiles, again.plan.linkFiles, again.duplicates.groups], [0, 0, 0]);
  const { contradicted } = (await imported(home, [home.path("duplicates.json")], 3)).import;
  assert.equal(contradicted, 1);
});

test("a file is not taken for archived because a claim says so", async () => {
  await using home = await household({ phone: { "a.txt": big } });
  await home.run();
  await writeFile(home.path("phone/b.txt"), other);
  await dated(home, "phone/b.txt");
  await imported(home, [await czkawkaSays(home, ["phone/b.txt"], big)]);

  const { consolidate } = await home.run();

  assert.equal(consolidate.copiedFiles, 1);
  assert.equal(await readFile(home.path("archive/files/b.txt"), "utf8"), other);
});

test("a claim about a file that changed since is of no use", async () => {
  await using home = await household({ phone: { "a.txt": big }, disk: { "b.txt": big } });
  const { applied } = (await imported(home, [await czkawkaSays(home, ["phone/a.txt", "disk/b.txt"], big)])).import;
  const scanned = documentOf<Summary>(await home.onefold(["scan", "--json", ...home.places]));

  assert.equal(applied, 0);
  assert.ok(scanned.scan.readBytes >= 2 * big.length);
});

test("paths of the machine that made the results are mapped to those here", async () => {
  await using home = await household({ phone: { "a.txt": big }, disk: { "b.txt": big } });
  await dated(home, "phone/a.txt", "disk/b.txt");
  const file = await czkawkaSays(home, ["phone/a.txt", "disk/b.txt"], big);
  const there = (await readFile(file, "utf8")).replaceAll(`${home.disk.root}/`, "/volume1/backup/");
  await writeFile(file, there);
  await imported(home, [file, "--map", `/volume1/backup=${home.disk.root}`]);

  const scanned = documentOf<Summary>(await home.onefold(["scan", "--json", ...home.places]));

  assert.deepEqual([scanned.scan.readBytes, scanned.duplicates.files], [0, 1]);
});

test("of a document that is cut off the complete part counts, and it is said", async () => {
  await using home = await household({ phone: { "a.txt": big, "b.txt": big } });
  const file = await czkawkaSays(home, ["phone/a.txt", "phone/b.txt"], big);
  const whole = await readFile(file, "utf8");
  await writeFile(file, `${whole.slice(0, -1)},"999999":[[{"path":"/x","modi`);

  const { import: totals, problems } = await imported(home, [file], 3);

  assert.equal(totals.groups, 1);
  assert.deepEqual(
    problems.map(({ code }) => code),
    ["IMPORT_INCOMPLETE"],
  );
});

test("what is no result of any tool is refused in one line", async () => {
  await using home = await household({ phone: {} });
  await home.write("junk", "\x1b]0;owned\x07 this is no result\n");
  const { status, stderr } = await home.onefold(["import", home.path("junk")]);

  assert.equal(status, 2);
  assert.match(stderr, /^error: [^\n]+ \[IMPORT_NOT_UNDERSTOOD\]\n( {2}hint: [^\n]+\n)?$/);
  assert.doesNotMatch(stderr, /\x1b/);
});
