import assert from "node:assert/strict";
import { chmod, chown, readdir } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import { summaryOf } from "../src/testing/household.ts";
import { documentOf, documentsOf, type ListedProblem, startOnefold } from "../src/testing/onefold.ts";
import { type Disk, layOut } from "../src/testing/tree.ts";

/** Permissions do not hold for root, so root becomes nobody here. */
const uid = process.getuid?.() === 0 ? 65_534 : undefined;

describe("what its user may not read", () => {
  let disk: Disk;
  before(async () => {
    disk = await layOut({
      phone: {
        "a.txt": "a",
        "secret.txt": "closed",
        "secret too.txt": "closed",
        closed: { "b.txt": "b" },
        "z.txt": "z",
      },
      archive: {},
      state: {},
    });
    if (uid !== undefined) await giveAll(disk, uid);
    await lock();
  });
  after(async () => {
    await unlock();
    await disk[Symbol.asyncDispose]();
  });
  const lock = async () => {
    for (const name of ["secret.txt", "secret too.txt", "closed"]) await chmod(disk.path(`phone/${name}`), 0);
  };
  const unlock = async () => {
    for (const name of ["secret.txt", "secret too.txt", "closed"]) await chmod(disk.path(`phone/${name}`), 0o700);
  };
  const start = (args: readonly string[]) =>
    startOnefold([...args], {
      cwd: disk.root,
      env: { ONEFOLD_STATE: disk.path("state"), HOME: disk.path("state") },
      uid,
    });
  const places = () => ["--source", disk.path("phone"), "--archive", disk.path("archive")];

  test("is listed, makes status 3, and keeps nothing else out of the archive", async () => {
    const { status, scan, problems, run } = await summaryOf(start(["run", "--json", ...places()]).ended, 3);

    assert.equal(status, "incomplete");
    assert.deepEqual([...new Set(problems.map(({ source, path, code }) => `${source}/${path} ${code}`))].sort(), [
      "phone/closed EACCES",
      "phone/secret too.txt EACCES",
      "phone/secret.txt EACCES",
    ]);
    assert.equal(scan.unreadable, 3);
    assert.ok(problems.every(({ message }) => message.includes("permission")));
    assert.deepEqual(await readdir(disk.path("archive/files")), ["a.txt", "z.txt"]);
    const told = documentsOf<Partial<ListedProblem>>(await start(["history", "--json", run]).ended);
    const listed = told.filter(({ code }) => code !== undefined);
    assert.deepEqual(listed.length, problems.length);
  });

  test("is shown to people line by line", async () => {
    const { stdout, status } = await start(["run", ...places()]).ended;

    assert.equal(status, 3);
    assert.match(stdout, /^ {2}phone: closed: no permission to read it \[EACCES\]$/m);
    assert.match(stdout, /Done, but not with everything/);
  });

  test("never makes anything count as gone", async () => {
    await unlock();
    await summaryOf(start(["run", "--json", ...places()]).ended);
    await lock();
    const { scan } = await summaryOf(start(["run", "--json", ...places()]).ended, 3);
    await unlock();
    const after = await summaryOf(start(["run", "--json", ...places()]).ended);

    assert.equal(scan.missing, 0);
    assert.deepEqual([after.scan.missing, after.scan.new, after.consolidate.copiedFiles], [0, 0, 0]);
    assert.equal(after.plan.alreadyArchived, 5);
  });

  test("is not covered, and not verified; the rest is", async () => {
    await unlock();
    await summaryOf(start(["run", "--json", ...places()]).ended);
    await lock();
    await chmod(disk.path("archive/files/a.txt"), 0);
    const covered = documentOf<{ missing: readonly ListedProblem[] }>(
      await start(["covered", "phone", "--recheck", "--json", ...places()]).ended,
    );
    const verified = await summaryOf<{ checked: number }>(start(["verify", "--all", "--json", ...places()]).ended, 3);
    await chmod(disk.path("archive/files/a.txt"), 0o644);
    await unlock();

    assert.deepEqual(
      covered.missing.map(({ path, code }) => `${path} ${code}`),
      ["a.txt EACCES", "closed EACCES", "secret too.txt EACCES", "secret.txt EACCES"],
    );
    assert.deepEqual(
      verified.problems.map(({ path, code }) => `${path} ${code}`),
      ["files/a.txt EACCES"],
    );
    assert.equal(verified.checked, 3);
  });

  test("be it the whole source or the archive, is refused before anything is touched", async () => {
    const before = await readdir(disk.path("archive"));
    await chmod(disk.path("phone"), 0);
    const source = await start(["run", ...places()]).ended;
    await chmod(disk.path("phone"), 0o700);
    await chmod(disk.path("archive"), 0o500);
    const archive = await start(["run", ...places()]).ended;
    await chmod(disk.path("archive"), 0o700);

    assert.equal(source.status, 4);
    assert.match(source.stderr, /\[ROOT_UNREADABLE\]\n {2}hint: /);
    assert.equal(archive.status, 4, archive.stderr);
    assert.match(archive.stderr, /\[ARCHIVE_NOT_WRITABLE\]\n {2}hint: /);
    assert.deepEqual(await readdir(disk.path("archive")), before);
  });
});

async function giveAll(disk: Disk, id: number): Promise<void> {
  const names = await readdir(disk.root, { recursive: true });
  for (const name of [".", ...names]) await chown(disk.path(name), id, id);
}
