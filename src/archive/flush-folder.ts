import { constants, fsyncSync, openSync, statfsSync } from "node:fs";
import { open } from "node:fs/promises";
import { closeQuietly } from "../disk/close-quietly.ts";
import { systemCode } from "../model/errors.ts";
import { type PathText, systemPath } from "../model/path.ts";

/** What `statfs` calls NFS, SMB, CIFS, SMB2 and FUSE. */
const networkTypes = new Set([0x6969, 0x517b, 0xff534d42, 0xfe534d42, 0x65735546]);

const asFolder = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/**
 * Makes names that were added to or removed from a folder survive a power cut.
 *
 * @throws NodeJS.ErrnoException EIO and the like: final, the names may be lost. That a network file system cannot flush
 *   folders is no error: there the server keeps them before it answers.
 */
export async function flushFolder(folder: PathText): Promise<void> {
  await using handle = await open(systemPath(folder), constants.O_RDONLY | constants.O_DIRECTORY);
  await handle.sync().catch((error: unknown) => tolerate(error, folder));
}

/** The same for threads; does not follow a symbolic link. */
export function flushFolderSync(folder: PathText): void {
  const fd = openSync(systemPath(folder), asFolder);
  try {
    fsyncSync(fd);
  } catch (error) {
    tolerate(error, folder);
  } finally {
    closeQuietly(fd);
  }
}

function tolerate(error: unknown, folder: PathText): void {
  const cannot = ["EINVAL", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"].includes(systemCode(error) ?? "");
  if (!cannot || !networkTypes.has(statfsSync(systemPath(folder)).type)) throw error;
}
