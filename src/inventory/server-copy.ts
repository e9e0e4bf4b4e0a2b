import { execFile } from "node:child_process";
import { chmod, cp, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { prepareBinaries, type ServerBinaries } from "./server-binaries.ts";

const prefix = "programs-";

/** Programs that any account may run, for as long as they are held. */
export interface CopiedPrograms extends AsyncDisposable {
  readonly binaries: ServerBinaries;
}

/**
 * PostgreSQL's programs ask access(2) whether they may run themselves, and that knows no capabilities: in a checkout
 * that only root may enter, another account cannot use them, whatever it may do otherwise. They are copied to where it
 * can: about 60 MB, a tenth of a second.
 *
 * @param stateFolder Tried first; else the temporary folders of the system.
 * @returns null if there is no place from which that account may run them
 */
export async function copyPrograms(
  packageFolder: string,
  stateFolder: string,
  account: { readonly uid: number; readonly gid: number },
): Promise<CopiedPrograms | null> {
  await removeCopies(stateFolder);
  for (const parent of [stateFolder, tmpdir(), "/var/tmp"]) {
    const folder = await mkdtemp(join(parent, prefix)).catch(() => null);
    if (folder === null) continue;
    const remove = () => rm(folder, { recursive: true, force: true });
    try {
      await cp(packageFolder, folder, { recursive: true, verbatimSymlinks: true });
      await openToAll(folder);
      const binaries = await prepareBinaries(folder, join(folder, "links"));
      if (await mayRun(account, binaries)) return { binaries, [Symbol.asyncDispose]: remove };
    } catch {
      // No space there, for example.
    }
    await remove();
  }
  return null;
}

/** Whether the account, with no more rights than it has by itself, may run the programs where they are. */
export async function mayRun(
  { uid, gid }: { readonly uid: number; readonly gid: number },
  { postgres, libraries }: ServerBinaries,
): Promise<boolean> {
  const environment = libraries === null ? {} : { LD_LIBRARY_PATH: libraries };
  const run = promisify(execFile)(postgres, ["--version"], { uid, gid, env: environment, cwd: "/" });
  return run.then(
    () => true,
    () => false,
  );
}

/** Copies of a supervisor that was killed; to be called only with the lock held. */
async function removeCopies(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (name.startsWith(prefix)) await rm(join(folder, name), { recursive: true, force: true });
  }
}

/** To read and enter; what can be run stays so, and nothing can be written but by us. */
async function openToAll(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isSymbolicLink()) await chmod(join(entry.parentPath, entry.name), 0o755);
  }
}
