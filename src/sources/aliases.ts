import { joinPath, type PathText } from "../model/path.ts";
import type { Mount } from "./mounts.ts";

/** A root, and the mount it lies in. */
export interface MountedRoot {
  readonly root: PathText;
  readonly mount: Mount | null;
}

/**
 * Two roots that show the same files though their paths lie apart: bind mounts, subvolumes, or one share mounted twice.
 * Decided by names alone, so a disk that is two network shares under two names is not found out.
 *
 * @returns the containing one first; null if there are none
 */
export function findSamePlace<Root extends MountedRoot>(roots: readonly Root[]): [Root, Root] | null {
  for (const [n, a] of roots.entries()) {
    for (const b of roots.slice(n + 1)) {
      if (isInside(b, a)) return [a, b];
      if (isInside(a, b)) return [b, a];
    }
  }
  return null;
}

/** Whether the inner root lies in the outer one, or is the same place, by any of the names they have. */
function isInside(inner: MountedRoot, outer: MountedRoot): boolean {
  const outerNames = placesOf(outer);
  return placesOf(inner).some((place) => outerNames.some((name) => place === name || place.startsWith(`${name}/`)));
}

/** What a place is called without its mount point: by the device, and by the server's own path. */
function placesOf({ root, mount }: MountedRoot): string[] {
  if (mount === null) return [];
  const below = root.slice(mount.mountPoint === "/" ? 1 : mount.mountPoint.length + 1);
  const onDevice = joinPath(withoutSlashes(mount.root), below);
  const address = addressOf(mount, below);
  return [withoutEnd(`${mount.device} /${onDevice}`), ...(address === null ? [] : [address])];
}

/** "cifs //nas/share/folder", "nfs nas:/export/folder"; null where the source is no address but a mere name. */
function addressOf({ fsType, source, root }: Mount, below: string): string | null {
  const protocol = /^(?:cifs|smb3)$/.test(fsType) ? "smb" : /^nfs4?$/.test(fsType) ? "nfs" : null;
  if (protocol === null || !source.includes("/")) return null;
  const share = withoutEnd(source);
  // A share that was mounted at a folder may show that as its root, too.
  const inner = root === "/" || share.endsWith(root) ? "" : withoutSlashes(root);
  const address = `${protocol} ${joinPath(share, inner, below)}`;
  // Names of servers and of SMB shares do not know upper and lower case.
  return protocol === "smb" ? address.toLowerCase() : address;
}

function withoutEnd(path: string): string {
  return path.replace(/\/+$/, "");
}

function withoutSlashes(path: string): string {
  return path.replace(/^\/+|\/+$/g, "");
}
