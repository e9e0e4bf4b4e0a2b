import assert from "node:assert/strict";
import { chmod, chown, readdir } from "node:fs/promises";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { joinPath, type PathText } from "../src/model/path.ts";
import { household, snapshot, summaryOf } from "../src/testing/household.ts";
import { type Running, startOnefold } from "../src/testing/onefold.ts";
import { brokenPromises } from "../src/testing/promises.ts";
import { smallDisk } from "../src/testing/small-disk.ts";
import { type Disk, fileFrom, layOut, readTree, type Tree } from "../src/testing/tree.ts";

/** Permissions do not hold for root, so root becomes nobody here. */
const uid = process.getuid?.() === 0 ? 65_534 : undefined;

const many = (count: number, word: string): Tree =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [`${n}.txt`, `${word} ${n} `.repeat(3_000)]));
const sources: Tree = { phone: { calm: many(300, "one"), closed: many(300, "two") }, laptop: many(50, "one") };

/** Holds a run once it copies, lets something happen, and lets it go on. */
async function whileCopying(running: Running, archive: PathText, happen: () => Promise<void>): Promise<void> {
  const { child } = running;
  const isCopying = async () => (await readdir(joinPath(archive, ".onefold/tmp")).catch(() => [])).length > 4;
  while (child.exitCode === null && child.signalCode === null && !(await isCopying())) await delay(1);
  child.kill("SIGSTOP");
  await happen();
  child.kill("SIGCONT");
}

test("a folder whose rights are taken away in the middle of a run is listed, its files count as there, and get in later", async () => {
  await using disk = await layOut({ ...sources, archive: {}, state: {} });
  if (uid !== undefined) await giveAll(disk, uid);
  const places = ["--source", disk.path("phone"), "--source", disk.path("laptop"), "--archive", disk.path("archive")];
  const env = { ONEFOLD_STATE: disk.path("state"), HOME: disk.path("state") };
  const start = () => startOnefold(["run", "--json", ...places], { cwd: disk.root, env, uid });
  const disturbed = start();
  await whileCopying(disturbed, disk.path("archive"), () => chmod(disk.path("phone/closed"), 0));
  const { problems } = await summaryOf(disturbed.ended, 3);
  const still = await summaryOf(start().ended, 3);
  await chmod(disk.path("phone/closed"), 0o700);
  const { scan } = await summaryOf(start().ended);

  assert.ok(problems.every(({ path, code }) => path.startsWith("closed/") && code === "EACCES"));
  assert.ok(problems.length > 0);
  assert.deepEqual([still.scan.missing, scan.missing, scan.new], [0, 0, 0]);
  assert.deepEqual(await brokenPromises({ path: disk.path, sources: ["phone", "laptop"] }), []);
});

test("an archive whose disk turns read-only in the middle of a run ends it; once mended, nothing is missing", async (context) => {
  await using small = await smallDisk(64);
  if (small === null) return context.skip("no ext4 image can be mounted here");
  await using home = await household(sources);
  const args = ["run", "--json", ...home.places.slice(0, -1), small.root];
  const before = await snapshot(home.path("phone"));
  const running = home.start(args);
  await whileCopying(running, small.root, () => small.breakDown());
  const disturbed = await running.ended;
  const refused = await home.onefold(args);
  await small.repair();
  await summaryOf(home.onefold(args));
  const { "by-source": mirror } = await readTree(small.root);

  assert.equal(disturbed.status, 5, disturbed.stderr);
  assert.match(disturbed.stderr, /^error: .* \[ARCHIVE_LOST\]\n {2}hint: /);
  assert.equal(refused.status, 4, refused.stderr);
  assert.match(refused.stderr, /\[ARCHIVE_NOT_WRITABLE\]/);
  assert.deepEqual(mirror, { phone: await readTree(home.path("phone")), laptop: await readTree(home.path("laptop")) });
  assert.deepEqual(await readdir(joinPath(small.root, ".onefold/tmp")), []);
  assert.deepEqual(await snapshot(home.path("phone")), before);
});

test("files from the future and from long ago, as a wrong clock leaves them, are archived as they are", async () => {
  const second = 1_000_000_000n;
  const times = {
    "future.txt": 4_000_000_000n,
    "soon.txt": BigInt(Math.floor(Date.now() / 1000)) + 3_600n,
    "old.txt": -2_000_000_000n,
  };
  const phone = Object.fromEntries(Object.entries(times).map(([name, time]) => [name, fileFrom(time * second, name)]));
  await using home = await household({ phone });
  await home.run();
  const archive = await snapshot(home.path("archive/files"));
  const { plan, scan } = await home.run();

  for (const [name, time] of Object.entries(times)) {
    assert.equal(archive.get(name as PathText)?.modifiedNs, time * second, name);
  }
  assert.deepEqual([plan.copyFiles, plan.linkFiles, scan.changed], [0, 0, 0]);
  assert.deepEqual(await snapshot(home.path("archive/files")), archive);
});

async function giveAll(disk: Disk, id: number): Promise<void> {
  const names = await readdir(disk.root, { recursive: true });
  for (const name of [".", ...names]) await chown(disk.path(name), id, id);
}
