import { type Dirent, readdirSync } from "node:fs";
import { OpenFolders } from "../disk/open-folders.ts";
import { type Ahead, readAhead } from "../disk/read-ahead.ts";
import { type SystemCalls, systemCalls } from "../disk/system-calls.ts";
import { systemCode } from "../model/errors.ts";
import { joinPath, type PathText, pathText, pathTextOf, systemPath } from "../model/path.ts";
import { beat } from "../threads/heart.ts";
import { serveRequests } from "../threads/serve.ts";
import { compileExclude, type Excluder } from "./exclude.ts";
import { isJunkFolder } from "./junk.ts";
import { type PassedOver, smallUpTo, type Unreadable, type WalkRequest, type WalkResult } from "./walk.ts";
import { WalkRows } from "./walk-rows.ts";

/** Files of a request for which it pays to load the system calls. */
const worthLoading = 2_000;

/** Files that are asked for at once: what they take together stays in memory until they are read. */
const filesAhead = 1_000;

/** Belongs to onefold itself, in an archive. */
const privateFolder = ".onefold";

serveRequests<WalkRequest, WalkResult>(walkSome, (result) => [result.rows.buffer as ArrayBuffer]);

/** Walks depth first from the given folders until the budget is used up. */
async function walkSome(request: WalkRequest): Promise<WalkResult> {
  // To load them takes longer than to look at some hundred files.
  const calls = request.budget < worthLoading ? null : await systemCalls();
  using held = new OpenFolders();
  const seen = new Seen(request, held, calls);
  const waiting = [...request.folders];
  if (!request.below) {
    for (const folder of waiting) if (!seen.isExcluded(folder)) seen.lookInto(folder);
    return seen.result([]);
  }
  while (waiting.length > 0 && seen.files < request.budget) {
    const folder = waiting.pop() as PathText;
    waiting.push(...seen.lookInto(folder));
    if (request.shares) break;
  }
  return seen.result(waiting);
}

/** Looks into folders, and collects what is in them. */
class Seen {
  readonly #request: WalkRequest;
  readonly #excluded: Excluder;
  readonly #held: OpenFolders;
  readonly #calls: SystemCalls | null;
  readonly #rows: WalkRows;
  readonly #unreadable: Unreadable[] = [];
  readonly #passedOver: PassedOver[] = [];
  #others = 0;

  constructor(request: WalkRequest, held: OpenFolders, calls: SystemCalls | null) {
    this.#request = request;
    this.#held = held;
    this.#calls = calls;
    this.#rows = new WalkRows(request, calls);
    this.#excluded = compileExclude(request.exclude);
  }

  get files(): number {
    return this.#rows.files;
  }

  /** Whether the walk would never have come to the folder. */
  isExcluded(folder: PathText): boolean {
    const parts = folder === "" ? [] : folder.split("/");
    const above = parts.map((_, n) => joinPath(...parts.slice(0, n + 1)));
    return above.some((path) => this.#excluded(path) !== null || this.#excluded(path, true) !== null);
  }

  /** Notes the files of one folder, and returns the folders in it. */
  lookInto(folder: PathText): PathText[] {
    const absolute = joinPath(this.#request.root, folder);
    const { only } = this.#request;
    const troubles = this.#unreadable.length;
    const names = only === null ? this.#list(folder, absolute) : [{ name: only, isFile: false }];
    this.#rows.begin(folder, this.#request.junk === "marked" && isJunkFolder(folder));
    const folders: PathText[] = [];
    let before: PathText | null = null;
    for (const [n, { name, isFile }] of names.entries()) {
      if (n % filesAhead === 0) this.#readAhead(names.slice(n, n + filesAhead), absolute);
      // A name that changes during the listing may be told twice.
      if (name === before) continue;
      before = name;
      const path = folder === "" ? name : (`${folder}/${name}` as PathText);
      if (path === privateFolder) this.#passOver(path, "private");
      else if (this.#excluded(path) !== null) this.#passOver(path, "excluded");
      else if (this.#look(path, name, isFile, absolute) === "folder") folders.push(path);
    }
    this.#rows.end(only === null && this.#unreadable.length === troubles);
    return folders;
  }

  result(rest: readonly PathText[]): WalkResult {
    const { read, files, small } = this.#rows;
    return {
      folders: this.#rows.folders,
      rows: this.#rows.bytes(),
      files,
      read,
      small,
      others: this.#others,
      unreadable: this.#unreadable,
      passedOver: this.#passedOver,
      rest,
    };
  }

  #readAhead(names: readonly Listed[], folder: PathText): void {
    if (this.#calls !== null && this.#request.readsSmall) readAhead(small(names, folder), this.#held, this.#calls);
  }

  #list(folder: PathText, absolute: PathText): Listed[] {
    try {
      return listAll(this.#held.inside(absolute, "."));
    } catch (error) {
      this.#cannotRead(folder, error);
      return [];
    }
  }

  #look(path: PathText, name: PathText, isFile: boolean, folder: PathText): "folder" | "noted" {
    try {
      const stat = this.#rows.add(name, this.#held.descriptor(folder), isFile);
      beat();
      if (stat === null) return "noted";
      if (stat.isDirectory() && this.#excluded(path, true) === null) return "folder";
      if (!stat.isDirectory()) this.#others++;
      this.#passOver(path, stat.isDirectory() ? "excluded" : stat.isSymbolicLink() ? "link" : "other");
    } catch (error) {
      this.#cannotRead(path, error);
    }
    return "noted";
  }

  #passOver(path: PathText, kind: PassedOver["kind"]): void {
    if (this.#request.passedOver === "told") this.#passedOver.push({ path, kind });
  }

  #cannotRead(path: PathText, error: unknown): void {
    const code = systemCode(error);
    if (code === null) throw error;
    this.#unreadable.push({ path, code });
  }
}

/** On a share, calls fail by the way when signals arrive or the server is busy: asked again, they tell the truth. */
const passing: ReadonlySet<string> = new Set(["EINTR", "ENOENT", "ESTALE", "EAGAIN"]);

/** Of every file what a small one has: which ones are small only a look would tell. */
function* small(names: readonly Listed[], folder: PathText): Generator<Ahead> {
  const pieces = [{ position: 0, bytes: smallUpTo }];
  for (const { name, isFile } of names) if (isFile) yield { path: joinPath(folder, name), pieces };
}

/** A name in a folder. */
interface Listed {
  readonly name: PathText;
  /** Whether the folder says that it is a file; some say nothing. */
  readonly isFile: boolean;
}

/**
 * The names in a folder. After a failure that may pass it is listed twice more, and believed if both lists agree: the
 * first one after a failure may be short.
 */
function listAll(absolute: PathText): Listed[] {
  try {
    return list(absolute);
  } catch (error) {
    if (!passing.has(systemCode(error) ?? "")) throw error;
    const again = list(absolute);
    if (namesOf(again) !== namesOf(list(absolute))) throw error;
    return again;
  }
}

function namesOf(listed: readonly Listed[]): string {
  return listed
    .map(({ name }) => name)
    .sort()
    .join("/");
}

/** In the order of their bytes: node sorts them. */
function list(absolute: PathText): Listed[] {
  const entries = readdirSync(systemPath(absolute), { withFileTypes: true });
  beat();
  // U+FFFD stands where bytes are no UTF-8 (or is really meant): ask again for the bytes.
  if (!entries.some(({ name }) => name.includes("\ufffd"))) return entries.map((entry) => listed(entry, pathTextOf));
  const exact = readdirSync(systemPath(absolute), { withFileTypes: true, encoding: "buffer" });
  return exact.map((entry) => listed(entry, pathText));
}

function listed<Name extends string | Buffer>(entry: Dirent<Name>, textOf: (name: Name) => PathText): Listed {
  return { name: textOf(entry.name), isFile: entry.isFile() };
}
