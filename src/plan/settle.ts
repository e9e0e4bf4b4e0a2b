import type { Hash } from "../model/file.ts";
import { folderOf, joinPath, nameOf, type PathText } from "../model/path.ts";
import { byteLength, fitFolder, foldedKey, foldedPath, maxNameBytes, withMark } from "./names.ts";

/** A path that somebody wants in the archive, below its root. */
export interface Wanted {
  /** The caller's number for it, handed back. */
  readonly key: number;
  readonly path: PathText;
  /** The hash to name it by if its plain name is taken: its content's, or the main file's in a group. null: not known yet. */
  readonly hash8Of: Hash | null;
  /** Those with the same number keep one base name: if one needs a mark, all get the same. */
  readonly group?: number;
  /** The base name that the group shares ("IMG_1" of "IMG_1.jpg.xmp"): the mark goes behind it. */
  readonly stem?: string;
}

export type Settled =
  | { readonly key: number; readonly path: PathText; readonly because: Reason }
  /** No path without a hash: hash its content and ask again. */
  | { readonly key: number; readonly needsHash: true; readonly because: Reason };

export type Reason =
  | "free"
  | "name taken"
  | "name too long"
  | "folder spelled as before"
  | "file where a folder is wanted";

/** What stands at a path already. A folder says how it is spelled, since it was found by its folded path. */
export type Occupant = { readonly kind: "file" } | { readonly kind: "folder"; readonly path: PathText };

/** Answers for a folded path (see {@link foldedPath}); null where nothing stands. */
export type Occupied = (foldedPath: string) => Occupant | null;

/**
 * Gives every wanted path one that is free: on Linux and for readers that ignore case.
 *
 * First come, first served, in the order given: the first keeps its plain name,
 * a later one becomes NAME~HASH8.EXT, then ~HASH16 and so on until it is free.
 * A folder that differs from one that stands only in case or Unicode form *is*
 * that one; where a file stands in the way the folder becomes NAME~folder.
 * Nothing is ever placed on anything else, and every result fits the limits of names.ts.
 * Results stand in the order of `wanted`. Remembers every path it gave out while it runs.
 *
 * @throws TypeError if a wanted path has an empty part, "." or "..".
 */
export function settle(wanted: readonly Wanted[], occupied: Occupied): Settled[] {
  const places = new Places(occupied);
  const settled = new Map<Wanted, Settled>();
  for (const group of groupsOf(wanted)) {
    for (const [n, result] of settleGroup(group, places).entries()) {
      const member = group[n];
      if (member !== undefined) settled.set(member, result);
    }
  }
  return wanted.flatMap((one) => settled.get(one) ?? []);
}

/**
 * {@link settle} where the answers must be fetched, from the inventory for instance.
 *
 * @param ask Gets folded paths and answers for those at which something stands. Called two or three times as a rule.
 */
export async function settleAsking(
  wanted: readonly Wanted[],
  ask: (foldedPaths: readonly string[]) => Promise<ReadonlyMap<string, Occupant>>,
): Promise<Settled[]> {
  const answers = new Map<string, Occupant | null>();
  for (;;) {
    const open = new Set<string>();
    const settled = settle(wanted, (path) => {
      const answer = answers.get(path);
      if (answer === undefined) open.add(path);
      return answer ?? null;
    });
    if (open.size === 0) return settled;
    const found = await ask([...open]);
    for (const path of open) answers.set(path, found.get(path) ?? null);
  }
}

/** Members of a group stand together, at the place of the first. */
function groupsOf(wanted: readonly Wanted[]): Iterable<readonly Wanted[]> {
  const groups = new Map<string, Wanted[]>();
  for (const [n, one] of wanted.entries()) {
    const id = one.group === undefined ? `single ${n}` : `group ${one.group}`;
    const group = groups.get(id);
    if (group === undefined) groups.set(id, [one]);
    else group.push(one);
  }
  return groups.values();
}

function settleGroup(group: readonly Wanted[], places: Places): Settled[] {
  const folders = group.map((one) => places.folder(folderOf(checked(one.path))));
  const tooLong = group.some((one) => byteLength(nameOf(one.path)) > maxNameBytes);
  for (let attempt = tooLong ? 1 : 0; ; attempt++) {
    const because = attempt === 0 ? null : tooLong ? "name too long" : "name taken";
    if (because !== null && group.some((one) => one.hash8Of === null)) {
      return group.map(({ key }) => ({ key, needsHash: true, because }));
    }
    const paths = group.map((one, n) => joinPath(folders[n]?.path ?? "", nameAt(one, attempt)));
    // Members that get one name among themselves are no pair: each goes its own way.
    if (!allDistinct(paths)) return group.flatMap((one) => settleGroup([one], places));
    if (!places.take(paths)) continue;
    return group.map(({ key, path: plain }, n) => {
      const path = paths[n] ?? plain;
      return { key, path, because: because ?? (path === plain ? "free" : (folders[n]?.because ?? "free")) };
    });
  }
}

/** Plain, ~HASH8, ~HASH16, ~HASH32, ~HASH64, then ~HASH64~2, ~HASH64~3, … */
function nameAt({ path, hash8Of, stem }: Wanted, attempt: number): PathText {
  if (attempt === 0 || hash8Of === null) return nameOf(path);
  const mark = attempt <= 4 ? hash8Of.slice(0, 4 << attempt) : `${hash8Of}~${attempt - 3}`;
  return withMark(nameOf(path), `~${mark}`, stem);
}

function allDistinct(paths: readonly PathText[]): boolean {
  return paths.length === 1 || new Set(paths.map(foldedPath)).size === paths.length;
}

function checked(path: PathText): PathText {
  if (/(?:^|\/)\.{0,2}(?:\/|$)/.test(path))
    throw new TypeError(`not a path inside the archive: ${JSON.stringify(path)}`);
  return path;
}

interface Folder {
  readonly path: PathText;
  readonly because: Reason;
}

/** What stands in the archive, and what was given out since. */
class Places {
  readonly #before: Occupied;
  readonly #given = new Map<string, Occupant>();
  /** Answers of {@link folder}: neighbours ask again and again. */
  readonly #folders = new Map<PathText, Folder>([["" as PathText, { path: "" as PathText, because: "free" }]]);

  constructor(before: Occupied) {
    this.#before = before;
  }

  /** Takes all of the paths (which must differ), or none if one is not free. */
  take(paths: readonly PathText[]): boolean {
    const folded = paths.map(foldedPath);
    if (folded.some((path) => this.#at(path) !== null)) return false;
    for (const path of folded) this.#given.set(path, { kind: "file" });
    return true;
  }

  /** Where files that want to be in `wanted` go. */
  folder(wanted: PathText): Folder {
    const known = this.#folders.get(wanted);
    if (known !== undefined) return known;
    const fitting = fitFolder(wanted);
    let found: Folder = { path: "" as PathText, because: fitting === wanted ? "free" : "name too long" };
    for (const name of fitting.split("/")) found = this.#child(found, name as PathText);
    this.#folders.set(wanted, found);
    return found;
  }

  #child(parent: Folder, wanted: PathText): Folder {
    for (let attempt = 0; ; attempt++) {
      const name = attempt === 0 ? wanted : withMark(wanted, `~folder${attempt === 1 ? "" : attempt}`);
      const path = joinPath(parent.path, name);
      const folded = joinPath(foldedPath(parent.path), foldedKey(name));
      const there = this.#at(folded);
      if (there?.kind === "file") continue;
      if (there === null) this.#given.set(folded, { kind: "folder", path });
      if (attempt > 0) return { path: there?.path ?? path, because: "file where a folder is wanted" };
      if (there === null || there.path === path) return { path, because: parent.because };
      return { path: there.path, because: "folder spelled as before" };
    }
  }

  #at(folded: string): Occupant | null {
    return this.#given.get(folded) ?? this.#before(folded);
  }
}
