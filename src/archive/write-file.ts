import { fchmodSync, fchownSync, fstatSync, writeSync } from "node:fs";
import { systemCode } from "../model/errors.ts";
import { setModifiedExactly } from "./file-time.ts";
import type { Standing } from "./standing.ts";

/** Writes a piece where the file ends: a disk that is nearly full may take less at a time than it is given. */
export function writeAll(fd: number, piece: Buffer): void {
  for (let done = 0; done < piece.length; ) done += writeSync(fd, piece, done, piece.length - done, null);
}

/**
 * Gives a file that is written the owner, mode and time of the one it stands for.
 *
 * @param give {@link asAllowed} where the bytes matter more than whose they are; else what is refused is thrown.
 * @throws NodeJS.ErrnoException EPERM, …
 */
export function giveStanding(
  fd: number,
  { mode, uid, gid, modified }: Pick<Standing, "mode" | "uid" | "gid" | "modified">,
  give: (change: () => void) => void = (change) => change(),
): void {
  const now = fstatSync(fd);
  // Owner first: changing it takes bits of the mode away.
  if (uid !== now.uid || gid !== now.gid) give(() => fchownSync(fd, uid, gid));
  give(() => fchmodSync(fd, mode));
  setModifiedExactly(fd, modified);
}

const refusals = new Set(["EPERM", "EACCES", "EINVAL", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"]);

/**
 * Changes a mode or an owner, if that may be: who may not give a file away keeps it, and a mount may decide on modes by
 * itself. That is no reason not to keep the file.
 */
export function asAllowed(change: () => void): void {
  try {
    change();
  } catch (error) {
    if (!refusals.has(systemCode(error) ?? "")) throw error;
  }
}
