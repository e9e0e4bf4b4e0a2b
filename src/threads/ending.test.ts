import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { ThreadPool } from "./pool.ts";
import { endThreads } from "./thread.ts";

const slow = new URL(
  `data:text/javascript,${encodeURIComponent(`
    import { serveRequests } from ${JSON.stringify(new URL("./serve.js", import.meta.url))};
    serveRequests((ms) => {
      for (const end = Date.now() + ms; Date.now() < end; );
      return ms;
    });`)}`,
);

/** In a file of its own, since it is said once for a process. */
test("once the program is to end no thread begins, whatever still waits for one", async () => {
  const pool = new ThreadPool<number, number>(slow, 1);
  const settled: string[] = [];
  const ask = (ms: number) => {
    const [done, failed] = ["done", "failed"].map((how) => () => settled.push(`${ms} ${how}`));
    void pool.run(ms).then(done, failed);
  };
  ask(60_000);
  ask(1);
  await delay(200);

  assert.equal(await endThreads(60_000), 0);
  ask(2);
  await delay(200);
  assert.deepEqual(settled, ["60000 failed"]);
  assert.equal(await endThreads(1_000), 0);
});
