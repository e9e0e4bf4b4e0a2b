import assert from "node:assert/strict";
import { test } from "node:test";
import type { PathText } from "../model/path.ts";
import type { EpochNs } from "../model/time.ts";
import { layOut, readTree, symlinkTo } from "../testing/tree.ts";
import { repairOne } from "./repair-batch.ts";
import { newStopFlag } from "./stop-flag.ts";

test("a link that took the place of the folder of temporary files: nothing is removed, or taken, through it", async () => {
  const temporary = "1b4e28ba-2fa1-41d2-883f-0016d3cca427";
  const outside = { [temporary]: "somebody's own" };
  await using disk = await layOut({ archive: { ".onefold": { tmp: symlinkTo("../../outside") } }, outside });
  const { names, failure } = repairOne({
    do: "repair",
    root: disk.path("archive"),
    stop: newStopFlag(),
    step: {
      good: { temporary },
      modified: 0n as EpochNs,
      owner: null,
      names: [{ path: "letter.txt" as PathText, before: null, kept: null }],
    },
  });

  assert.deepEqual([names, failure?.code], [[], "PATH_BLOCKED"]);
  assert.deepEqual(await readTree(disk.path("outside")), outside);
});
