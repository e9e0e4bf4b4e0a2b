import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { temporaryFolder } from "../testing/folder.ts";
import { ThreadPool, ThreadSilent } from "./pool.ts";
import { endThreads } from "./thread.ts";

/** A thread that reads files; a pipe that nobody writes to keeps it as a share does whose server is gone. */
const entry = new URL(
  `data:text/javascript,${encodeURIComponent(`
    import { readFileSync } from "node:fs";
    import { beat } from ${JSON.stringify(new URL("./heart.js", import.meta.url))};
    import { serveRequests } from ${JSON.stringify(new URL("./serve.js", import.meta.url))};
    serveRequests(({ path, isSlow }) => {
      if (isSlow) beat(true);
      return readFileSync(path, "utf8");
    });`)}`,
);

interface Reading {
  readonly path: string;
  readonly isSlow?: true;
}

async function pipeAndFile(): Promise<{ pipe: string; file: string } & AsyncDisposable> {
  const folder = await temporaryFolder();
  const [pipe, file] = [join(folder.path, "pipe"), join(folder.path, "file")];
  await promisify(execFile)("mkfifo", [pipe]);
  await writeFile(file, "read");
  return { pipe, file, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}

test("a thread that hangs is given up, and the others and the next go on", async () => {
  await using disk = await pipeAndFile();
  await using pool = new ThreadPool<Reading, string>(entry, 1, { patienceSeconds: 2 });
  const hanging = pool.run({ path: disk.pipe });
  const waiting = pool.run({ path: disk.file });

  await assert.rejects(hanging, (error) => error instanceof ThreadSilent && error.seconds === 2);
  assert.equal(await waiting, "read");
  await writeFile(disk.pipe, "lets the thread go");
});

test("a thread that said that it may take long is waited for", async () => {
  await using disk = await pipeAndFile();
  await using pool = new ThreadPool<Reading, string>(entry, 1, { patienceSeconds: 1 });
  const slow = pool.run({ path: disk.pipe, isSlow: true });
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  await writeFile(disk.pipe, "at last");

  assert.equal(await slow, "at last");
});

test("a pool whose thread hangs is closed all the same", async () => {
  await using disk = await pipeAndFile();
  const pool = new ThreadPool<Reading, string>(entry, 1);
  const hanging = pool.run({ path: disk.pipe });
  const refused = assert.rejects(hanging, /closed|ended/);
  // Only a thread that has begun can hang.
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  await pool[Symbol.asyncDispose]();
  await refused;
  await writeFile(disk.pipe, "lets the thread go");
});

test("idle threads serve the next pool, whatever it does, but those of a pool that keeps something end with it", async () => {
  const tellingId = new URL(
    `data:text/javascript,${encodeURIComponent(`
      import { threadId } from "node:worker_threads";
      import { serveRequests } from ${JSON.stringify(new URL("./serve.js", import.meta.url))};
      serveRequests(() => threadId);`)}`,
  );
  const idIn = async (sharesThreads: boolean) => {
    await using pool = new ThreadPool<null, number>(tellingId, 1, { sharesThreads });
    return await pool.run(null);
  };
  const readIn = async (path: string) => {
    await using pool = new ThreadPool<Reading, string>(entry, 1, { sharesThreads: true });
    return await pool.run({ path });
  };
  await using disk = await pipeAndFile();
  const first = await idIn(true);

  assert.equal(await readIn(disk.file), "read");
  assert.equal(await idIn(true), first);
  assert.equal(await idIn(false), first);
  assert.notEqual(await idIn(true), first);
});

test("ending all threads leaves no timer behind that would keep the program waiting", async () => {
  const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
  const before = timers();

  assert.equal(await endThreads(60_000), 0);
  assert.equal(timers(), before);
});
