import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { type PathText, pathText } from "../model/path.ts";

const run = promisify(execFile);

/** A file system of its own. */
export interface SmallDisk extends AsyncDisposable {
  readonly root: PathText;
  /** Mounts it anew with other options, e.g. "ro". */
  remount(options: string): Promise<void>;
  /** Has the system find an error on it, upon which it turns read-only, also for those who have files open. */
  breakDown(): Promise<void>;
  /** Has it checked and mounted again; nobody may have a file open. */
  repair(): Promise<void>;
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
    await mount(image, root);
  } catch {
    await rm(folder, { recursive: true, force: true });
    return null;
  }
  return {
    root: pathText(Buffer.from(root)),
    remount: async (options) => {
      await run("mount", ["-o", `remount,${options}`, root]);
    },
    breakDown: async () => {
      const { stdout } = await run("findmnt", ["-no", "SOURCE", root]);
      await writeFile(`/sys/fs/ext4/${basename(stdout.trim())}/trigger_fs_error`, "1");
    },
    repair: async () => {
      await run("umount", [root]);
      // 1: errors were found and corrected.
      await run("e2fsck", ["-fy", image]).catch((error: unknown) => assert.equal(Object(error).code, 1));
      await mount(image, root);
    },
    [Symbol.asyncDispose]: async () => {
      await run("umount", [root]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function mount(image: string, root: string): Promise<void> {
  await run("mount", ["-o", "loop,errors=remount-ro", image, root]);
}
