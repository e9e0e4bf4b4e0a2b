import { unlinkSync } from "node:fs";
import { systemCode } from "../model/errors.ts";
import { type PathText, systemPath } from "../model/path.ts";
import type { Folders } from "./folders.ts";
import { type TemporaryName, temporaryPath } from "./private-folder.ts";
import { Trouble } from "./trouble.ts";

/** Removes a temporary file of ours, through the folders that are held: nobody can have its name lead elsewhere. */
export function discardTemporary(name: TemporaryName, folders: Pick<Folders, "path">): void {
  try {
    unlinkSync(systemPath(folders.path(temporaryPath("" as PathText, name))));
  } catch (error) {
    // Gone already, or the disk is: the next run's opening removes what is left.
    if (systemCode(error) === null && !(error instanceof Trouble)) throw error;
  }
}
