import {
  link,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  symlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { joinPath, type PathText, pathText, systemPath } from "../model/path.ts";
import { type EpochNs, utimesSeconds } from "../model/time.ts";

const kind = Symbol("kind");

interface Link {
  readonly [kind]: "symlink" | "hardlink";
  readonly to: string;
}

interface DatedFile {
  readonly [kind]: "file";
  readonly content: string | Uint8Array;
  readonly modified: bigint;
}

/**
 * A folder, written down: names to contents, links, or further folders. Names and targets are written as paths are
 * everywhere: a byte that is no UTF-8 stands as \xNN, so that `{ "caf\\xe9": "…" }` is a Latin-1 name.
 */
export interface Tree {
  readonly [name: string]: string | Uint8Array | DatedFile | Link | Tree;
}

/** @param modified Nanoseconds since 1970; set to the microsecond. */
export const fileFrom = (modified: bigint, content: string | Uint8Array): DatedFile => {
  return { [kind]: "file", content, modified };
};
export const symlinkTo = (to: string): Link => ({ [kind]: "symlink", to });
/** `to` is a path from the root of the tree, and stands earlier in it. */
export const hardLinkTo = (to: string): Link => ({ [kind]: "hardlink", to });

/** A laid-out tree; goes away with its scope. */
export interface Disk extends AsyncDisposable {
  readonly root: PathText;
  path(name: string): PathText;
}

/** Lays `tree` out in a fresh folder. */
export async function layOut(tree: Tree): Promise<Disk> {
  const root = pathText(Buffer.from(await mkdtemp(join(tmpdir(), "onefold-"))));
  await addTo(root, tree);
  return {
    root,
    path: (name) => joinPath(root, name),
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
  };
}

/** Lays `tree` out in a folder that is there. */
export async function addTo(root: PathText, tree: Tree, folder = root): Promise<void> {
  for (const [name, entry] of Object.entries(tree)) {
    const path = joinPath(folder, name);
    if (typeof entry === "string" || entry instanceof Uint8Array) await writeFile(systemPath(path), entry);
    else if (isFolder(entry)) await mkdir(systemPath(path)).then(() => addTo(root, entry, path));
    else await makeEntry(root, path, entry);
  }
}

/** Reads a folder back in the shape it was written down in: hard links as files, what is no UTF-8 as bytes, no times. */
export async function readTree(folder: PathText): Promise<Tree> {
  const tree: [string, Tree[string]][] = [];
  for (const bytes of (await readdir(systemPath(folder), { encoding: "buffer" })).sort(Buffer.compare)) {
    const name = pathText(bytes);
    tree.push([name, await readEntry(joinPath(folder, name))]);
  }
  return Object.fromEntries(tree);
}

async function readEntry(path: PathText): Promise<Tree[string]> {
  const stats = await lstat(systemPath(path));
  if (stats.isDirectory()) return readTree(path);
  if (stats.isSymbolicLink()) return symlinkTo(pathText(await readlink(systemPath(path), { encoding: "buffer" })));
  const bytes = await readFile(systemPath(path));
  const text = bytes.toString("utf8");
  return Buffer.from(text, "utf8").equals(bytes) ? text : bytes;
}

async function makeEntry(root: PathText, path: PathText, entry: DatedFile | Link): Promise<void> {
  switch (entry[kind]) {
    case "symlink":
      return symlink(systemPath(entry.to as PathText), systemPath(path));
    case "hardlink":
      return link(systemPath(joinPath(root, entry.to)), systemPath(path));
    case "file":
      return writeDated(path, entry);
  }
}

async function writeDated(path: PathText, { content, modified }: DatedFile): Promise<void> {
  await writeFile(systemPath(path), content);
  const seconds = utimesSeconds(modified as EpochNs);
  await utimes(systemPath(path), seconds, seconds);
}

function isFolder(entry: DatedFile | Link | Tree): entry is Tree {
  return !(kind in entry);
}
