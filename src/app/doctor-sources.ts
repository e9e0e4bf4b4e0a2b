import type { PathText } from "../model/path.ts";
import { formatNumberOf } from "../model/units.ts";
import { type Mount, mountOf } from "../sources/mounts.ts";
import { attempt, type Check, failed, good } from "./doctor-check.ts";
import type { Memory } from "./doctor-database.ts";
import type { Look } from "./doctor-look.ts";
import { describeMount, mountWarnings } from "./doctor-mount.ts";
import type { CheckedSource } from "./doctor-setup.ts";
import { refuseOverlap, refuseUnmounted, refuseWithoutMount } from "./guards.ts";

/** The mounts of this machine, and what decides how SMB writes names. */
export interface MountTable {
  readonly mounts: readonly Mount[];
  readonly kernelCharset: string | null;
}

/** What messages call a source, and its check. */
export function sourceLabel({ name }: CheckedSource): string {
  return `source "${name}"`;
}

/** Whether a source is there, and is what it was. @param memory null if the inventory could not be asked */
export function checkSource(
  source: CheckedSource,
  looking: Promise<Look>,
  memory: Promise<Memory | null>,
  { mounts, kernelCharset }: MountTable,
): Promise<Check> {
  const name = sourceLabel(source);
  return attempt(name, async () => {
    const { root, names } = await looking;
    const mount = mountOf(root, mounts);
    refuseWithoutMount(source, root, mount);
    const known = (await memory)?.sources.find((one) => one.name === source.name);
    if (source.mount === "auto" && known !== undefined) refuseUnmounted(known, root, mount);
    const warnings = [
      ...emptiness(source, names, mount),
      ...(mount === null ? [] : mountWarnings(mount, kernelCharset)),
    ];
    return good(name, `${root} holds ${formatNumberOf(names, "name")}; ${describeMount(mount)}`, warnings);
  });
}

/** Whether sources and archive lie beside one another; null where fewer than two are there. */
export function checkOverlap(roots: readonly { readonly what: string; readonly root: PathText }[]): Check | null {
  const name = "overlap";
  if (roots.length < 2) return null;
  try {
    refuseOverlap(roots);
    return good(name, "none of the folders lies inside another");
  } catch (error) {
    return failed(name, error);
  }
}

function emptiness({ mount: rule }: CheckedSource, names: number, mount: Mount | null): string[] {
  const bare = rule === "auto" && names === 0 && (mount === null || mount.mountPoint === "/");
  return bare ? ["warning: it is empty, and nothing is mounted there; if it is a share, mount it"] : [];
}
