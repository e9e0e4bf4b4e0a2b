import { AppError, ExitCode } from "../model/errors.ts";
import { type PathText, parsePathText, pathTextOf } from "../model/path.ts";

/** One `--map FROM=TO`: what results name below `from` lies below `to` here. */
export interface PathMap {
  /** Absolute, where the results were made: `/mnt/user`; of Windows `z:/photos` or `//nas/photos`, in lower case. */
  readonly from: PathText;
  readonly windows: boolean;
  /** Absolute here. */
  readonly to: PathText;
}

/**
 * Reads the values of `--map`: `/mnt/user=/mnt/nas`, `Z:\photos=/mnt/photos`, `\\nas\photos=/mnt/photos`.
 * The first "=/" divides.
 *
 * @throws AppError MAP_NOT_UNDERSTOOD with all problems.
 */
export function parsePathMaps(values: readonly string[]): readonly PathMap[] {
  const maps = values.map(parseOne);
  const problems = maps.filter((map) => typeof map === "string");
  const parsed = maps.filter((map) => typeof map !== "string");
  for (const [n, { from, windows }] of parsed.entries()) {
    const twice = parsed.slice(0, n).some((other) => other.from === from && other.windows === windows);
    if (twice) problems.push(`--map: ${from} is mapped twice`);
  }
  if (problems.length === 0) return parsed;
  throw new AppError("MAP_NOT_UNDERSTOOD", ExitCode.usage, problems.join("; "), {
    hint: "Write --map FROM=TO with two absolute paths, for example --map /mnt/user=/mnt/nas or --map 'Z:\\photos=/mnt/photos'.",
  });
}

/**
 * The path here of a file that results name: its longest mapped prefix of whole parts exchanged.
 * Of a Windows path the rest's backslashes become slashes, and upper and lower case count the same in the prefix.
 *
 * @returns null for a Windows path that no map covers: it is no path here.
 */
export function mapPath(path: PathText, maps: readonly PathMap[]): PathText | null {
  const slashed = windowsPath(path);
  const whole = slashed ?? path;
  let best: PathMap | null = null;
  for (const map of maps) {
    const isLonger = best === null || map.from.length > best.from.length;
    if (isLonger && map.windows === (slashed !== null) && isBelow(whole, map)) best = map;
  }
  if (best === null) return slashed === null ? path : null;
  const rest = whole.slice(best.from === "/" ? 0 : best.from.length);
  return (best.to === "/" ? rest || "/" : best.to + (rest === "/" ? "" : rest)) as PathText;
}

/** `z:/photos/a.jpg` or `//nas/photos/a.jpg` for an absolute path of Windows, null for any other. */
export function windowsPath(path: PathText): PathText | null {
  if (!/^(?:[A-Za-z]:(?:\\x5c|\/)|\\x5c\\x5c)/.test(path)) return null;
  const slashed = path.replaceAll("\\x5c", "/");
  return slashed.replace(/^\/\/\?\/(UNC\/)?/i, (_, unc?: string) => (unc === undefined ? "" : "//")) as PathText;
}

function isBelow(path: string, { from, windows }: PathMap): boolean {
  if (from === "/") return true;
  if (path.length > from.length && path[from.length] !== "/") return false;
  return windows ? path.slice(0, from.length).toLowerCase() === from : path.startsWith(from);
}

/** The map, or what is wrong with it. */
function parseOne(value: string): PathMap | string {
  const [, left = "", right = ""] = /^(.*?)=(\/.*)$/s.exec(value) ?? [];
  if (left === "") return `--map ${value}: expected FROM=TO, where TO begins with "/"`;
  if (value.includes("\0")) return `--map ${value}: a path holds no zero byte`;
  // `Z:` alone means the drive.
  const from = parsePath(/^[A-Za-z]:$/.test(left) ? `${left}\\` : left);
  const slashed = windowsPath(from);
  const absolute = slashed === null ? trimmed(from) : trimmedWindows(slashed.toLowerCase());
  if (slashed === null && !from.startsWith("/")) return `--map ${value}: FROM is not absolute`;
  const to = trimmed(parsePath(right));
  for (const path of [absolute, to]) {
    if (path.split("/").some((part) => part === ".." || part === "."))
      return `--map ${value}: "." and ".." are no parts`;
  }
  return { from: absolute, windows: slashed !== null, to };
}

function parsePath(text: string): PathText {
  return parsePathText(text) ?? pathTextOf(text);
}

/** Without empty parts, and without "/" at the end unless it is the root. */
function trimmed(path: string): PathText {
  return path.replace(/\/{2,}/g, "/").replace(/(?<=.)\/$/, "") as PathText;
}

/** The same; the two in front of a server's name stay. */
function trimmedWindows(path: string): PathText {
  return `${path.startsWith("//") ? "/" : ""}${trimmed(path)}` as PathText;
}
