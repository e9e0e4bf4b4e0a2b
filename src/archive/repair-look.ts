import type { BigIntStats } from "node:fs";
import { systemCode } from "../model/errors.ts";
import type { Hash } from "../model/file.ts";
import type { PathText } from "../model/path.ts";
import type { PinnedFolders } from "./pinned-folder.ts";
import { holds, openForReading } from "./read-file.ts";
import { fstat } from "./relink-replace.ts";
import { type Standing, standingOf } from "./standing.ts";
import { type Failure, failureOf } from "./trouble.ts";

/** A content, as it is recorded. */
export interface Content {
  readonly size: number;
  readonly hash: Hash;
}

/** How a name of the archive stands now, and whether the file holds the content that is recorded for it. */
export type NameLook =
  | { readonly kind: "stands"; readonly standing: Standing; readonly isGood: boolean }
  | { readonly kind: "missing" }
  | Failure;

/**
 * Looks at names that should hold a content, and reads each inode among them once from end to end. One whose disk does
 * not give it back is not good.
 *
 * @param pause Called between pieces; may throw.
 */
export function lookAtNames(
  names: readonly PathText[],
  content: Content,
  { folders, pause }: { readonly folders: PinnedFolders; readonly pause: () => void },
): NameLook[] {
  const known = new Map<string, boolean>();
  return names.map((path) => {
    try {
      folders.settle();
      using file = openForReading(folders.path(path));
      const stats = fstat(file.fd);
      const inode = `${stats.dev}:${stats.ino}`;
      const isGood = known.get(inode) ?? isIntact(file.fd, content, pause);
      known.set(inode, isGood);
      return { kind: "stands", standing: standingOf(path, stats satisfies BigIntStats), isGood };
    } catch (error) {
      if (["ENOENT", "ENOTDIR"].includes(systemCode(error) ?? "")) return { kind: "missing" };
      const why = failureOf(error);
      return { kind: "failed", code: why.code, message: why.message };
    }
  });
}

function isIntact(fd: number, content: Content, pause: () => void): boolean {
  try {
    return holds(fd, content, pause);
  } catch (error) {
    if (systemCode(error) === "EIO") return false;
    throw error;
  }
}
