import type { PathText } from "../model/path.ts";
import { longestName } from "./limits.ts";
import { windowsPath } from "./map-path.ts";
import type { Reason } from "./skipped.ts";

/**
 * The path that a result claims something about: absolute, here or on Windows, without empty and "." parts.
 * @returns Why not, if it is none.
 */
export function claimedPath(path: PathText): { readonly path: PathText } | { readonly reason: Reason } {
  if (path.length > longestName || path.includes("\\x00")) return { reason: "paths that no file can have" };
  const windows = windowsPath(path);
  if (windows !== null) return windows.split("/").includes("..") ? { reason: 'paths with a ".." part' } : { path };
  if (!path.startsWith("/")) return { reason: "paths that are not absolute" };
  if (!/\/\.{0,2}(?:\/|$)/.test(path)) return { path };
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..")) return { reason: 'paths with a ".." part' };
  if (parts.length === 0 || /\/\.?$/.test(path)) return { reason: "folders" };
  return { path: `/${parts.join("/")}` as PathText };
}
