import { randomUUID } from "node:crypto";
import { joinPath, type PathText } from "../model/path.ts";

/**
 * The folder of the archive that is ours alone. `tmp` holds files that are
 * being written, `journal` one file for each run, `damaged` what repairs have
 * replaced, `archive.json` says which archive this is, `lock` who is changing it.
 */
const privateFolder = ".onefold";

/** Name of a file in `.onefold/tmp`. */
export type TemporaryName = string;

export function inPrivateFolder(root: PathText, ...parts: readonly string[]): PathText {
  return joinPath(root, privateFolder, ...parts);
}

export function temporaryPath(root: PathText, name: TemporaryName): PathText {
  return inPrivateFolder(root, "tmp", name);
}

export function newTemporaryName(): TemporaryName {
  return randomUUID();
}

/** Whether we may remove a file of this name when nobody holds the archive's lock. */
export function isTemporaryName(name: string): boolean {
  return /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(name);
}
