import { linkSync, lstatSync, renameSync, unlinkSync } from "node:fs";
import { systemCode } from "../model/errors.ts";
import { type PathText, systemPath } from "../model/path.ts";
import { isSame } from "./place-file.ts";
import { lstat } from "./relink-replace.ts";
import { Trouble } from "./trouble.ts";

/** What a share says that has no hard links. */
const withoutLinks = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK", "EINVAL", "EACCES"]);

/**
 * Moves a file to a name that is free, without ever overwriting: by a link, which fails where something stands. Where
 * the share has no links, it looks first, and then renames.
 *
 * @throws Trouble PLACE_TAKEN; NodeJS.ErrnoException. The file then is where it was.
 */
export function putBack(from: PathText, to: PathText): void {
  if (!linked(from, to)) {
    refuseTaken(to);
    renameSync(systemPath(from), systemPath(to));
    return;
  }
  unlinkSync(systemPath(from));
}

/** @throws Trouble PLACE_TAKEN if anything stands there */
export function refuseTaken(path: PathText): void {
  if (lstatSync(systemPath(path), { throwIfNoEntry: false }) !== undefined) throw placeTaken();
}

/** false: there are no links here. */
function linked(from: PathText, to: PathText): boolean {
  try {
    linkSync(systemPath(from), systemPath(to));
    return true;
  } catch (error) {
    const code = systemCode(error) ?? "";
    if (withoutLinks.has(code)) return false;
    if (code !== "EEXIST") throw error;
    // A repeated request over NFS, or a killed one of ours: the name is there already.
    if (isSame(lstat(from), lstat(to))) return true;
    throw placeTaken();
  }
}

function placeTaken(): Trouble {
  return new Trouble("PLACE_TAKEN", "something else stands there now");
}
