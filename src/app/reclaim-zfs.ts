import type { Ask } from "./doctor-ask.ts";
import { refused } from "./reclaim-source.ts";

/**
 * What ZFS itself says of the archive, before anything that it holds is given up elsewhere. Where it cannot be asked,
 * as over NFS, nothing.
 *
 * @returns What a person should know although the work goes on; null if there is nothing.
 * @throws AppError ARCHIVE_SYNC_DISABLED: every flush was a lie; ARCHIVE_POOL_UNWELL for what cannot be taken back
 */
export async function checkArchiveZfs(dataset: string, isFinal: boolean, ask: Ask): Promise<string | null> {
  // What mountinfo shows is asked for only if it can be nothing but a dataset's name.
  if (!/^[A-Za-z0-9][A-Za-z0-9_.:/ -]*$/.test(dataset)) return null;
  const pool = dataset.split("/")[0] ?? dataset;
  const [sync, health] = await Promise.all([
    ask("zfs", ["get", "-Hp", "-o", "value", "sync", dataset]),
    ask("zpool", ["list", "-Hp", "-o", "health", pool]),
  ]);
  if (sync.kind === "answered" && sync.status === 0 && sync.stdout.trim() === "disabled") {
    const sentence = `the archive's dataset ${dataset} has sync=disabled: nothing on it counts as safe`;
    throw refused("ARCHIVE_SYNC_DISABLED", sentence, {
      hint: `zfs set sync=standard ${dataset}; then let a run go by, and reclaim.`,
    });
  }
  if (health.kind !== "answered" || health.status !== 0) return `the pool ${pool} could not be asked for its health`;
  const state = health.stdout.trim();
  if (state === "ONLINE") return null;
  if (!isFinal) return `the archive's pool ${pool} is ${state}`;
  throw refused("ARCHIVE_POOL_UNWELL", `the archive's pool ${pool} is ${state}`, {
    hint: `Mend it first (zpool status -v ${pool}), or reclaim into the quarantine, without --delete.`,
  });
}
