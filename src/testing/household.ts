import { createHash } from "node:crypto";
import { lstat, readdir, readFile, readlink, writeFile } from "node:fs/promises";
import type { Database } from "../inventory/database.ts";
import { joinPath, type PathText, pathText, systemPath } from "../model/path.ts";
import { testDatabase } from "./database.ts";
import { documentOf, type Ended, type ProgramOptions, type Running, type Summary, startOnefold } from "./onefold.ts";
import { type Disk, layOut, readTree, type Tree } from "./tree.ts";

/** Some sources, an archive and an inventory of their own; all go away with the scope. */
export interface Household extends AsyncDisposable {
  readonly disk: Disk;
  readonly database: Database;
  /** What the program must be started with to use this inventory. */
  readonly environment: Readonly<Record<string, string>>;
  /** Names of the sources, in the order of trust. */
  readonly sources: readonly string[];
  /** `--source …` and `--archive …`. */
  readonly places: readonly string[];
  /** On the disk: "phone/a.jpg", "archive/photos". */
  path(name: string): PathText;
  /** Writes a file, "onefold.toml" for instance, which commands find: they run in the household's folder. */
  write(name: string, text: string): Promise<void>;
  /** Any command, without naming the places. */
  onefold(args: readonly string[], options?: ProgramOptions): Promise<Ended>;
  start(args: readonly string[], options?: ProgramOptions): Running;
  /** `onefold run` that must end with `status`, 0 if nothing is said. */
  run(options?: RunOptions): Promise<Summary>;
  /** What stands in the archive, without `.onefold`. */
  archived(): Promise<Tree>;
}

export interface RunOptions {
  readonly status?: number;
  readonly more?: readonly string[];
}

/**
 * Lays sources out, a folder each, in the order of trust. Its inventory is a database of its own on the server of
 * the test file.
 *
 * @param elsewhere Absolute paths of sources, or of the archive, that lie on another file system. What `sources` and
 *   `archive` say of these is not laid out there.
 */
export async function household(
  sources: Tree,
  { archive = {}, elsewhere = {} }: { archive?: Tree; elsewhere?: Readonly<Record<string, PathText>> } = {},
): Promise<Household> {
  const inventory = await testDatabase();
  const disk = await layOut({ ...sources, archive, state: {}, home: {} });
  const path = (name: string): PathText => {
    const [top = "", ...rest] = name.split("/");
    return joinPath(elsewhere[top] ?? disk.path(top), ...rest);
  };
  const places = [
    ...Object.keys(sources).flatMap((name) => ["--source", `${name}=${path(name)}`]),
    "--archive",
    path("archive"),
  ];
  const environment = {
    ONEFOLD_DATABASE: inventory.config.url,
    ONEFOLD_STATE: disk.path("state"),
    HOME: disk.path("home"),
  };
  const start = (args: readonly string[], options: ProgramOptions = {}) =>
    startOnefold(args, { cwd: disk.root, ...options, env: { ...environment, ...options.env } });
  return {
    disk,
    database: inventory.database,
    environment,
    sources: Object.keys(sources),
    places,
    path,
    start,
    write: (name, text) => writeFile(path(name), text),
    onefold: (args, options) => start(args, options).ended,
    run: ({ status = 0, more = [] } = {}) => summaryOf(start(["run", "--json", ...places, ...more]).ended, status),
    archived: () => archivedIn(path("archive")),
    [Symbol.asyncDispose]: async () => {
      await inventory[Symbol.asyncDispose]();
      await disk[Symbol.asyncDispose]();
    },
  };
}

/** What a program run with `--json` reports; it must end with `status`. */
export async function summaryOf<More = unknown>(ending: Promise<Ended>, status = 0): Promise<Summary & More> {
  const ended = await ending;
  if (ended.status !== status) {
    throw new Error(`ended with ${ended.signal ?? ended.status}, not ${status}: ${ended.stderr}${ended.stdout}`);
  }
  return documentOf<Summary & More>(ended);
}

/** What stands in an archive, without `.onefold`. */
export async function archivedIn(archive: PathText): Promise<Tree> {
  const { ".onefold": _private, ...rest } = await readTree(archive);
  return rest;
}

/** One thing on a disk, as exactly as a test can tell. */
export interface Snapped {
  readonly kind: "file" | "folder" | "other";
  readonly mode: bigint;
  readonly modifiedNs: bigint;
  readonly changedNs: bigint;
  readonly inode: bigint;
  readonly size: bigint;
  /** SHA-256 of a file, target of a link; "" for the rest. */
  readonly content: string;
}

export type Snapshot = ReadonlyMap<PathText, Snapped>;

/** Everything below a folder, by its path below it, in the order of the bytes. */
export async function snapshot(root: PathText): Promise<Map<PathText, Snapped>> {
  const all = new Map<PathText, Snapped>();
  const look = async (path: PathText): Promise<void> => {
    const absolute = joinPath(root, path);
    const stats = await lstat(systemPath(absolute), { bigint: true });
    const kind = stats.isDirectory() ? "folder" : stats.isFile() ? "file" : "other";
    const { mode, mtimeNs: modifiedNs, ctimeNs: changedNs, ino: inode, size } = stats;
    const content =
      kind === "file"
        ? createHash("sha256")
            .update(await readFile(systemPath(absolute)))
            .digest("hex")
        : stats.isSymbolicLink()
          ? await readlink(systemPath(absolute))
          : "";
    all.set(path, { kind, mode, modifiedNs, changedNs, inode, size, content });
    if (kind !== "folder") return;
    const names = (await readdir(systemPath(absolute), { encoding: "buffer" })).sort(Buffer.compare);
    for (const name of names) await look(joinPath(path, pathText(name)));
  };
  await look("" as PathText);
  return all;
}

/** The files of a snapshot. */
export function filesIn(all: Snapshot): [PathText, Snapped][] {
  return [...all].filter(([, { kind }]) => kind === "file");
}
