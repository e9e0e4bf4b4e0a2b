import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type PathText, pathText } from "../model/path.ts";

const run = promisify(execFile);

/** A file system of its own. */
export interface SmallDisk extends AsyncDisposable {
  readonly root: PathText;
  /** Mounts it anew with other options, e.g. "ro". */
  remount(options: string): Promise<void>;
}

/** An ext4 file system in a file; null where it may not be made or mounted: only root can, and not in every container. */
export async function smallDisk(mebibytes: number): Promise<SmallDisk | null> {
  const folder = await mkdtemp(join(tmpdir(), "onefold-disk-"));
  const image = join(folder, "image");
  const root = join(folder, "mounted");
  try {
    await mkdir(root);
    await run("truncate", ["-s", `${mebibytes}M`, image]);
    await run("mkfs.ext4", ["-q", "-F", "-m", "0", image]);
    await run("mount", ["-o", "loop", image, root]);
  } catch {
    await rm(folder, { recursive: true, force: true });
    return null;
  }
  return {
    root: pathText(Buffer.from(root)),
    remount: async (options) => {
      await run("mount", ["-o", `remount,${options}`, root]);
    },
    [Symbol.asyncDispose]: async () => {
      await run("umount", [root]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
