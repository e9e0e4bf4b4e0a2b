import assert from "node:assert/strict";
import { lstat } from "node:fs/promises";
import { PinnedFolders } from "../archive/pinned-folder.ts";
import { type Relinked, relinkFile } from "../archive/relink-file.ts";
import { KeptFiles } from "../archive/relink-kept.ts";
import { type Standing, standingOf } from "../archive/standing.ts";
import { type PathText, systemPath } from "../model/path.ts";
import { type Disk, layOut, readTree, type Tree } from "./tree.ts";

/** Nanoseconds. */
export const second = 1_000_000_000n;

/** Name of a temporary file. */
export const temporary = "1b4e28ba-2fa1-41d2-883f-0016d3cca427";

/** An archive with a private folder, and a folder beside it. */
export function anArchive(files: Tree): Promise<Disk> {
  return layOut({ archive: { ".onefold": { tmp: {}, journal: {} }, ...files }, outside: {} });
}

/** How a file of the archive stands. */
export async function standingAt(disk: Disk, path: string): Promise<Standing> {
  return standingOf(path as PathText, await lstat(systemPath(disk.path(`archive/${path}`)), { bigint: true }));
}

export async function inodeOf(disk: Disk, path: string): Promise<bigint> {
  return (await standingAt(disk, path)).inode;
}

/** The archive but for its private folder, in which no temporary file may be left. */
export async function archived(disk: Disk): Promise<Tree> {
  const { ".onefold": own, ...rest } = await readTree(disk.path("archive"));
  assert.deepEqual(Object(own).tmp, {}, "a temporary file was left");
  return rest;
}

/** Makes "mine/copy" a link of "kept", while `meanwhile` is done before the given piece of the comparison. */
export async function relinkWhile(
  disk: Disk,
  meanwhile: () => void,
  { piece = 1, keptFiles = new KeptFiles() } = {},
): Promise<Relinked> {
  const step = { file: await standingAt(disk, "mine/copy"), kept: await standingAt(disk, "kept"), temporary };
  using folders = new PinnedFolders(disk.path("archive"));
  let pieces = 0;
  const pause = () => {
    pieces += 1;
    if (pieces === piece) meanwhile();
  };
  return relinkFile(step, { folders, keptFiles, pause });
}
