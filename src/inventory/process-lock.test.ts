import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { temporaryFolder } from "../testing/folder.ts";
import { thisProcess } from "./process-identity.ts";
import {
  acquireProcessLock,
  isOnLocalDisk,
  type LockHolder,
  readLockHolder,
  removeDeadDrafts,
} from "./process-lock.ts";

const purpose = "test";
const module = fileURLToPath(new URL("./process-lock.js", import.meta.url));

/** A process that takes the lock and is killed holding it. */
async function leaveBehind(path: string): Promise<void> {
  const code = `
    const { acquireProcessLock } = await import(${JSON.stringify(module)});
    await acquireProcessLock(${JSON.stringify(path)}, { purpose: "killed" });
    process.kill(process.pid, "SIGKILL");`;
  await once(spawn(process.execPath, ["--input-type=module", "--eval", code], { stdio: "inherit" }), "exit");
}

async function writeHolder(path: string, other: Partial<LockHolder>): Promise<void> {
  await writeFile(
    path,
    JSON.stringify({ ...(await thisProcess()), purpose: "other", token: "0123456789abcdef", ...other }),
  );
}

test("a second taker is refused and told who holds it, until the first lets go", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "lock");
  const first = await acquireProcessLock(path, { purpose: "onefold run" });
  const second = await acquireProcessLock(path, { purpose });

  assert.equal(first.heldBy, null);
  assert.equal(second.heldBy?.purpose, "onefold run");
  assert.equal(second.heldBy?.pid, process.pid);
  await first[Symbol.asyncDispose]();
  const third = await acquireProcessLock(path, { purpose });
  assert.equal(third.heldBy, null);
  await third[Symbol.asyncDispose]();
  assert.deepEqual(await readdir(folder.path), []);
});

test("of many who find a dead holder, one takes its place", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "lock");
  for (let round = 0; round < 5; round++) {
    await leaveBehind(path);
    const taken = await Promise.all(Array.from({ length: 20 }, () => acquireProcessLock(path, { purpose })));
    const held = taken.filter((lock) => lock.heldBy === null);

    assert.equal(held.length, 1);
    assert.deepEqual(await readdir(folder.path), ["lock"]);
    for (const lock of held) await lock[Symbol.asyncDispose]();
  }
});

test("a taker that dies while taking a dead holder's place is replaced as well", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "lock");
  await leaveBehind(path);
  const dead = await readLockHolder(path);
  await leaveBehind(`${path}.${dead?.token}`);
  const lock = await acquireProcessLock(path, { purpose });

  assert.equal(lock.heldBy, null);
  assert.deepEqual(await readdir(folder.path), ["lock"]);
});

test("a process number that is another process's now does not count as the holder", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "lock");
  const me = await thisProcess();
  await writeHolder(path, { startTime: me.startTime === "" ? "" : "1" });
  const lock = await acquireProcessLock(path, { purpose });

  // Where the system does not tell start times, the number must be believed.
  assert.equal(lock.heldBy === null, me.startTime !== "");
});

test("a holder from before the last start of this machine is dead", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "lock");
  await writeHolder(path, { bootId: "earlier" });

  assert.equal((await acquireProcessLock(path, { purpose })).heldBy, null);
});

test("a holder in another container counts as dead after two silent minutes", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "lock");
  const me = await thisProcess();
  await writeHolder(path, { pidNamespace: "pid:[1]", pid: 999_999 });
  assert.equal((await acquireProcessLock(path, { purpose })).heldBy?.pid, 999_999);
  const before = new Date(Date.now() - 121_000);
  await utimes(path, before, before);

  assert.equal((await acquireProcessLock(path, { purpose })).heldBy === null, me.pidNamespace !== "pid:[1]");
});

test("a holder on another host lives, unless the lock is on a disk of this one", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "lock");
  await writeHolder(path, { host: "nas", bootId: "other", pid: 999_999 });
  const { heldBy } = await acquireProcessLock(path, { purpose });

  assert.equal(heldBy?.host ?? "taken over", (await isOnLocalDisk(path)) ? "taken over" : "nas");
});

test("a lock that cannot be read is held", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "lock");
  await writeFile(path, "");

  assert.notEqual((await acquireProcessLock(path, { purpose })).heldBy, null);
});

test("a lock that was removed by hand and taken by another is left to it", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "lock");
  const lock = await acquireProcessLock(path, { purpose });
  await writeHolder(path, { token: "another" });
  if (lock.heldBy === null) await lock[Symbol.asyncDispose]();

  assert.match(await readFile(path, "utf8"), /another/);
});

test("an empty draft of a process that was killed is removed, but not one that was just begun", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "lock");
  const [old, fresh] = ["lock.0123456789abcdef.new", "lock.fedcba9876543210.new"].map((name) =>
    join(folder.path, name),
  );
  await writeFile(old ?? "", "");
  await writeFile(fresh ?? "", "");
  const before = new Date(Date.now() - 600_000);
  await utimes(old ?? "", before, before);
  await using _held = await heldLock(path);
  await removeDeadDrafts(path);

  assert.deepEqual((await readdir(folder.path)).sort(), ["lock", "lock.fedcba9876543210.new"]);
});

async function heldLock(path: string): Promise<AsyncDisposable> {
  const lock = await acquireProcessLock(path, { purpose });
  if (lock.heldBy !== null) throw new Error("somebody else holds it");
  return lock;
}
