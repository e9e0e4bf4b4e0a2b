import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { PathText } from "../model/path.ts";
import type { EpochNs } from "../model/time.ts";
import { makeSparse } from "../testing/consolidation.ts";
import { layOut } from "../testing/tree.ts";
import { hashFiles } from "./hash.ts";

test("reading ends at once when it is to end, however large the file is", async () => {
  await using disk = await layOut({});
  const size = 200_000_000_000;
  await makeSparse(disk.path("film.mkv"), size);
  const stopping = new AbortController();
  const tasks = async function* () {
    yield [{ id: 1, path: disk.path("film.mkv") as PathText, size, modified: 0n as EpochNs }];
  };
  const read = async () => {
    let batches = 0;
    for await (const _ of hashFiles(tasks(), { depth: "whole", threads: 2, disk: "local", signal: stopping.signal }))
      batches++;
    return batches;
  };
  const reading = read();
  await delay(300);
  const started = performance.now();
  stopping.abort();

  assert.equal(await reading, 0);
  assert.ok(performance.now() - started < 3_000);
});
