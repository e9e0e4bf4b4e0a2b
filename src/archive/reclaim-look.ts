import type { ReclaimableFile } from "../inventory/reclaimable.ts";
import type { PinnedFolders } from "./pinned-folder.ts";
import { isSame } from "./place-file.ts";
import { expectAsRecorded, expectAsScanned, ofEntry, sameFile } from "./reclaim-proof.ts";
import type { ReclaimHow } from "./reclaim-records.ts";
import { lstat } from "./relink-replace.ts";
import { Trouble } from "./trouble.ts";

/** What a look without reading tells. */
export type Looked =
  | { readonly kind: "found" /** Names of its inode, wherever they are. */; readonly names: number }
  | { readonly kind: "alreadyLinked" };

/**
 * Whether a file and the archive's entry are as they were recorded. Reads neither, so it proves nothing.
 *
 * @throws Trouble, EntryTrouble, NodeJS.ErrnoException as `prove` does
 */
export function lookAt(
  task: ReclaimableFile,
  how: ReclaimHow,
  { source, archive }: { readonly source: PinnedFolders; readonly archive: PinnedFolders },
): Looked {
  const file = lstat(source.path(task.path));
  if (!file.isFile()) throw new Trouble("NOT_A_FILE", "no longer an ordinary file");
  expectAsScanned(task, file);
  const entry = ofEntry(() => lstat(archive.path(task.entry.path)));
  ofEntry(() => expectAsRecorded(task, entry));
  if (!isSame(file, entry)) return { kind: "found", names: Number(file.nlink) };
  if (how === "hard-link") return { kind: "alreadyLinked" };
  throw sameFile(task.entry.path);
}
