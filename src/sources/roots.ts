import { readdirSync, realpathSync, statSync } from "node:fs";
import { AppError, ExitCode, systemCode } from "../model/errors.ts";
import { folderOf, joinPath, nameOf, type PathText, pathBytes, pathText, systemPath } from "../model/path.ts";

/**
 * The folder a person named, as the one absolute path without links that it has.
 *
 * @param what How messages call it: `source "nas"`, "the archive".
 * @throws AppError ROOT_NOT_FOUND, ROOT_NOT_A_FOLDER, ROOT_UNREADABLE
 */
export function resolveRoot(path: PathText, what: string): PathText {
  return listRoot(path, what).root;
}

/** The same, with the number of names in it. */
export function listRoot(path: PathText, what: string): { readonly root: PathText; readonly names: number } {
  try {
    const root = pathText(realpathSync.native(pathBytes(path), { encoding: "buffer" }));
    if (!statSync(systemPath(root)).isDirectory()) throw notAFolder(path, what);
    return { root, names: readdirSync(systemPath(root), { encoding: "buffer" }).length };
  } catch (error) {
    const code = systemCode(error);
    if (code === "ENOENT") throw notFound(path, what);
    if (code === "ENOTDIR") throw notAFolder(path, what);
    if (code !== null) throw unreadable(path, what, code);
    throw error;
  }
}

/** The absolute path of a file, links in its folders resolved if it can be found, else as it stands. */
export function absolutePath(path: PathText): PathText {
  const absolute = path.startsWith("/") ? path : joinPath(pathText(Buffer.from(process.cwd())), path);
  try {
    const folder = pathText(realpathSync.native(pathBytes(folderOf(absolute)), { encoding: "buffer" }));
    return joinPath(folder, nameOf(absolute));
  } catch {
    return absolute;
  }
}

/** Two roots of which one contains the other, or both are the same; null if there are none. */
export function findOverlap<Root extends { readonly root: PathText }>(roots: readonly Root[]): [Root, Root] | null {
  for (const [n, outer] of roots.entries()) {
    for (const inner of roots.slice(n + 1)) {
      if (contains(outer.root, inner.root)) return [outer, inner];
      if (contains(inner.root, outer.root)) return [inner, outer];
    }
  }
  return null;
}

function contains(outer: PathText, inner: PathText): boolean {
  return inner === outer || inner.startsWith(outer.endsWith("/") ? outer : `${outer}/`);
}

function notFound(path: PathText, what: string): AppError {
  return new AppError("ROOT_NOT_FOUND", ExitCode.refused, `${what}: there is no folder ${path}`, {
    hint: "Mount the share or correct the path; a missing folder is never taken for an empty one.",
  });
}

function notAFolder(path: PathText, what: string): AppError {
  return new AppError("ROOT_NOT_A_FOLDER", ExitCode.refused, `${what}: ${path} is not a folder`, {
    hint: "Name the folder that holds the files.",
  });
}

function unreadable(path: PathText, what: string, code: string): AppError {
  const exit = code === "EACCES" || code === "EPERM" || code === "ELOOP" ? ExitCode.refused : ExitCode.unavailable;
  return new AppError("ROOT_UNREADABLE", exit, `${what}: ${path} cannot be read (${code})`, {
    hint:
      code === "EACCES" ? "Give the user that runs onefold the right to read it." : "Check the mount and try again.",
  });
}
