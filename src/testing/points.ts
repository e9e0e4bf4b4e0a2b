import { joinPath, type PathText } from "../model/path.ts";
import type { Call, Effect, Fault } from "./strace.ts";

/** A system call of a program that can be told from all its others, in a household that lies anywhere. */
export interface Point {
  /** "openat". */
  readonly call: string;
  /** Below the household's folder; or as it was named, if through an open folder. null: whatever the call names. */
  readonly path: PathText | null;
  /** The how-manieth call of its thread with this name and path, from 1. */
  readonly nth: number;
  readonly changes: boolean;
  /** What the path is: "entry", "temporary file", … */
  readonly place: string;
}

/** The journal of a run is named by when it began. */
const anyRun = "RUN";
/** A folder that is held open has whatever number was free. */
const anyHeld = "/proc/self/fd/FOLDER/";
const descriptors = Array.from({ length: 125 }, (_, n) => n + 3);
/** Seconds until a run that is watched has begun. */
const patience = 40;

/** Every call that concerns the household below `root`, each once, in the order in which they began. */
export function pointsOf(calls: readonly Call[], root: PathText): Point[] {
  const counted = new Map<string, number>();
  const points = new Map<string, Point>();
  for (const { thread, name, paths, changes } of calls) {
    const own = [...new Set(paths.flatMap((path) => inHousehold(path, root) ?? []))];
    for (const path of own) {
      const nth = (counted.get(`${thread} ${name} ${path}`) ?? 0) + 1;
      counted.set(`${thread} ${name} ${path}`, nth);
      // A call with two names counts for both, and is one point: that of the second, which is what it makes. Of a rename
      // strace's filter knows the first only.
      if (path !== (name === "rename" ? own[0] : own.at(-1))) continue;
      const key = `${name} ${path} ${nth}`;
      if (!points.has(key)) points.set(key, { call: name, path, nth, changes, place: placeOf(path) });
    }
  }
  return [...points.values()];
}

/** Calls that name no file, such as those that talk to the database: the first so many. */
export function unnamedPoints(call: string, count: number, place: string): Point[] {
  return Array.from({ length: count }, (_, n) => ({ call, path: null, nth: n + 1, changes: false, place }));
}

/** The fault that befalls just this call in the household at `root`. @param now Seconds since 1970. */
export function faultAt({ call, path, nth }: Point, root: PathText, effect: Effect, now: number): Fault {
  return { call, paths: path === null ? null : absolutePaths(path, root, now), nth, effect };
}

/** What coverage is counted in: a kind of call on a kind of file. */
export function kindOf({ call, place }: Point): string {
  return `${call} ${place}`;
}

/** "link archive/files/a.txt, 1st". */
export function describePoint({ call, path, nth, place }: Point): string {
  return `${call} number ${nth} on ${path ?? place}`;
}

/** The first points of every kind, at most so many of each. */
export function someOfEachKind(points: readonly Point[], most: number): Point[] {
  const taken = new Map<string, number>();
  return points.filter((point) => {
    const count = taken.get(kindOf(point)) ?? 0;
    taken.set(kindOf(point), count + 1);
    return count < most;
  });
}

function inHousehold(path: PathText, root: PathText): PathText | null {
  if (path.startsWith("/proc/self/fd/")) return path.replace(/^\/proc\/self\/fd\/\d+\//, anyHeld) as PathText;
  if (!path.startsWith(`${root}/`)) return null;
  const below = path.slice(root.length + 1);
  return below.replace(/(?<=\.onefold\/journal\/)[^/]+(?=\.jsonl$)/, anyRun) as PathText;
}

function absolutePaths(path: PathText, root: PathText, now: number): PathText[] {
  if (path.startsWith(anyHeld)) return descriptors.map((number) => path.replace("FOLDER", String(number)) as PathText);
  if (path.startsWith("/")) return [path];
  if (!path.endsWith(`/${anyRun}.jsonl`)) return [joinPath(root, path)];
  return Array.from({ length: patience }, (_, second) => {
    const at = new Date((now + second) * 1000).toISOString().replace(/[-:]|\..*$/g, "");
    return joinPath(root, path.replace(anyRun, `${at.replace("T", "-")}-0000`));
  });
}

const ours: readonly (readonly [RegExp, string])[] = [
  [/^archive\/\.onefold\/tmp\/./, "temporary file"],
  [/^archive\/\.onefold\/journal\/./, "journal"],
  [/^archive\/\.onefold\/archive\.json$/, "marker"],
  [/^archive\/\.onefold\/lock$/, "lock"],
  [/^archive\/\.onefold\/lock\./, "draft of a lock"],
  [/^archive\/\.onefold/, "private folder"],
  [/^archive\/by-source\/.*\.\w+$/, "link below by-source"],
  [/^archive\/.*\.\w+$/, "entry"],
  [/^archive/, "folder of the archive"],
  [/^\/proc\/self\/fd\/FOLDER\/\.$/, "pinned folder"],
  [/^\/proc\/self\/fd\/FOLDER\/[0-9a-f-]{36}$/, "temporary file in a pinned folder"],
  [/^\/proc\/self\/fd\//, "name in a pinned folder"],
  [/^[^/]+\/.*\.\w+$/, "file of a source"],
  [/^[^/]+/, "folder of a source"],
];

/** By the name alone: in the households here, files have an extension and folders none. */
function placeOf(path: PathText): string {
  return ours.find(([pattern]) => pattern.test(path))?.[1] ?? "elsewhere";
}
