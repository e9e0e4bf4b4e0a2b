/** Writes the folders of a tree whose turn it is. */
import { closeSync, ftruncateSync, futimesSync, mkdirSync, openSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { workerData } from "node:worker_threads";
import { Contents } from "./contents.ts";
import { scramble } from "./dice.ts";
import { type PlannedFile, plannedFiles } from "./tree-plan.ts";
import type { Share } from "./write-tree.ts";

const share: Share = workerData;
const contents = new Contents(share.spec);
let last = "";
for (const file of plannedFiles(share.spec)) {
  if (Math.floor(file.index / 100) % share.parts !== share.part) continue;
  const path = join(share.root, file.path);
  const folder = dirname(path);
  if (folder !== last) mkdirSync(folder, { recursive: true });
  last = folder;
  if (file.linkTo === null) writePlanned(path, file);
}

function writePlanned(path: string, file: PlannedFile): void {
  const fd = openSync(path, "wx", 0o644);
  if (file.content === null) ftruncateSync(fd, file.size);
  else writeSync(fd, contents.of(file));
  // Between 2005 and 2020, whole seconds.
  const modified = 1_104_537_600 + Math.floor(scramble(share.spec.seed + 1, file.index) * 473_385_600);
  futimesSync(fd, modified, modified);
  closeSync(fd);
}
