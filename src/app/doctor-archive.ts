import { archiveNameNotText } from "../archive/errors.ts";
import { type Marker, readMarker } from "../archive/marker.ts";
import { inPrivateFolder } from "../archive/private-folder.ts";
import { type ArchiveProbe, probeArchive } from "../archive/probe.ts";
import { readSpace } from "../archive/space.ts";
import { whereabouts } from "../inventory/process-identity.ts";
import { readLockHolder } from "../inventory/process-lock.ts";
import type { KnownSource } from "../inventory/sources.ts";
import { AppError, systemCode } from "../model/errors.ts";
import type { PathText } from "../model/path.ts";
import { formatBytes, formatCount, formatDuration, formatNumberOf } from "../model/units.ts";
import { type Mount, mountOf } from "../sources/mounts.ts";
import type { Ask } from "./doctor-ask.ts";
import { attempt, bad, type Check, failed, good } from "./doctor-check.ts";
import type { Memory } from "./doctor-database.ts";
import type { Look } from "./doctor-look.ts";
import { archiveMountWarnings, describeMount, mountWarnings } from "./doctor-mount.ts";
import type { MountTable } from "./doctor-sources.ts";
import { checkZfs } from "./doctor-zfs.ts";

const name = "archive";

/** Everything about the archive; where the folder itself cannot be used there is no more to ask. */
export async function checkArchive(
  looking: Promise<Look>,
  memory: Promise<Memory | null>,
  { mounts, kernelCharset }: MountTable,
  ask: Ask,
): Promise<Check[]> {
  let look: Look;
  try {
    look = await looking;
    if (look.root.includes("\\")) throw archiveNameNotText(look.root);
  } catch (error) {
    return [failed(name, error)];
  }
  const { root } = look;
  const mount = mountOf(root, mounts);
  const marker = await markerAt(root);
  const remembered = (await memory)?.archive ?? null;
  const lost = marker === null ? looksUnmounted(root, remembered, mount) : null;
  // Nothing is written to the disk below a mount that is missing.
  if (lost !== null) return [lost];
  const warnings = mount === null ? [] : [...mountWarnings(mount, kernelCharset), ...archiveMountWarnings(mount)];
  return [
    good(name, `${root} holds ${formatNumberOf(look.names, "name")}; ${describeMount(mount)}`, warnings),
    checkMarker(root, marker),
    ...(await probed(root)),
    await checkSpace(root),
    ...(mount?.fsType === "zfs" ? await checkZfs(mount.source, ask) : []),
  ];
}

/** Whether somebody is at work: only to be known, a second run waits for nobody and says so. */
export async function checkOtherRuns(looking: Promise<Look | null>, memory: Promise<Memory | null>): Promise<Check> {
  const label = "other runs";
  return attempt(label, async () => {
    const look = await looking;
    const holder = look === null ? null : await readLockHolder(inPrivateFolder(look.root, "lock"));
    if (holder !== null) {
      const who = `"${holder.purpose}", process ${holder.pid} on ${holder.host}`;
      return (await whereabouts(holder)) === "dead"
        ? good(label, `none; ${who}, was killed, and the next run goes on where it stopped`)
        : good(label, `the archive is being changed by ${who}: a run that starts now ends with status 7`);
    }
    return (await memory)?.runActive === true
      ? good(label, "one is active with this database: a run that starts now ends with status 7")
      : good(label, "none is active");
  });
}

/** The marker, null without one, or the error it led to. */
async function markerAt(root: PathText): Promise<Marker | Error | null> {
  try {
    return await readMarker(root);
  } catch (error) {
    if (error instanceof Error && (error instanceof AppError || systemCode(error) !== null)) return error;
    throw error;
  }
}

function checkMarker(root: PathText, marker: Marker | Error | null): Check {
  const label = "archive marker";
  if (marker instanceof Error) return failed(label, marker);
  if (marker === null) return good(label, `${root} is not marked yet: the first run makes an archive of it`);
  return good(label, `archive ${marker.id}, begun by ${marker.createdBy}`);
}

/** An archive was here, on another mount, and now there is nothing of it. */
function looksUnmounted(root: PathText, remembered: KnownSource | null, mount: Mount | null): Check | null {
  const before = remembered?.mount ?? null;
  if (before === null || before.point === mount?.mountPoint) return null;
  const detail = `there is no archive in ${root}, which was on ${before.type}, mounted at ${before.point}; now it is not`;
  return bad(name, detail, "Mount its disk. If it is to be a new archive here, name another folder.");
}

async function probed(root: PathText): Promise<Check[]> {
  const writable = "archive writable";
  let found: ArchiveProbe;
  try {
    found = await probeArchive(root);
  } catch (error) {
    return [failed(writable, error)];
  }
  const links = "archive hard links";
  return [
    good(writable, "a file was made, flushed and removed again"),
    found.linkError === null ? good(links, "possible") : failed(links, found.linkError),
    checkTimes(found.timeErrorNs),
  ];
}

function checkTimes(errorNs: bigint): Check {
  const label = "archive times";
  if (errorNs < 1000n) return good(label, "modification times are kept to the microsecond");
  const wrong =
    errorNs < 1_000_000_000n ? `${Number(errorNs / 1000n) / 1000} ms` : formatDuration(Number(errorNs) / 1e9);
  const fix = "Use a folder on ZFS, ext4 (with inodes of 256 bytes), XFS or Btrfs.";
  return bad(label, `the file system does not keep modification times: one came back ${wrong} off`, fix);
}

function checkSpace(root: PathText): Promise<Check> {
  const label = "archive space";
  return attempt(label, async () => {
    const { free, total, reserve, freeFiles } = await readSpace(root);
    const detail = `${formatBytes(free)} free of ${formatBytes(total)}`;
    if (free <= reserve) {
      return bad(label, `${detail}, and ${formatBytes(reserve)} must stay free`, "Free some space, or add a disk.");
    }
    if (freeFiles === 0)
      return bad(label, `${detail}, but no room for another file (inodes)`, "Remove files, or add a disk.");
    const files = freeFiles === null ? "" : `; room for ${formatCount(freeFiles)} more files`;
    return good(label, `${detail}${files}`);
  });
}
