import { lstatSync, rmdirSync } from "node:fs";
import { systemCode } from "../model/errors.ts";
import { folderOf, type PathText, systemPath } from "../model/path.ts";
import { PinnedFolders } from "./pinned-folder.ts";
import { type Restored, type RestoreStep, restoreFile } from "./restore-file.ts";
import { isRaised, type StopFlag } from "./stop-flag.ts";
import { Aborted, type Failure, failureOf, flushed, type Stop, Trouble } from "./trouble.ts";

export interface RestoreRequest {
  readonly source: { readonly root: PathText; readonly called: string };
  readonly archive: PathText;
  readonly steps: readonly RestoreStep[];
  readonly stop: StopFlag;
}

export type RestoreResult = Restored | { readonly kind: "aborted" } | Failure | Stop;

export interface RestoreAnswer {
  /** One for each step, in order; `stop` for all from the first that found the source gone. */
  readonly results: readonly RestoreResult[];
  /** The names are not known to be on the disk: nothing of this may count as done. */
  readonly unflushed: Stop | null;
}

/**
 * Brings files back, one after the other; runs in a thread, which may block. When it answers without `unflushed`, all
 * changes are on the disk for good. Folders of the quarantine that are empty then are removed.
 */
export function restoreBatch({ source, archive, steps, stop }: RestoreRequest): RestoreAnswer {
  using sourceFolders = new PinnedFolders(source.root, source.called);
  using archiveFolders = new PinnedFolders(archive);
  const pause = () => {
    if (isRaised(stop)) throw new Aborted();
  };
  const around = { source: sourceFolders, archive: archiveFolders, pause };
  let stopped: Stop | null = null;
  let unflushed: Stop | null = null;
  const results = steps.map((step): RestoreResult => {
    if (stopped !== null) return stopped;
    const result = settled(source.root, () => {
      pause();
      return restoreFile(step, around);
    });
    unflushed ??= flushed(() => sourceFolders.settle()) ?? flushed(() => archiveFolders.settle());
    stopped = result.kind === "stop" ? result : unflushed;
    return result;
  });
  unflushed ??= flushed(() => sourceFolders.flush());
  if (unflushed === null) removeEmpty(sourceFolders, steps);
  return { results, unflushed };
}

function settled(root: PathText, work: () => Restored): RestoreResult {
  try {
    return work();
  } catch (error) {
    if (error instanceof Aborted) return { kind: "aborted" };
    const why = failureOf(error);
    if (error instanceof Trouble || stands(root)) return why;
    return { ...why, kind: "stop" };
  }
}

function stands(root: PathText): boolean {
  try {
    return lstatSync(systemPath(root)).isDirectory();
  } catch (error) {
    if (systemCode(error) === null) throw error;
    return false;
  }
}

/** Only `rmdir`, which leaves a folder with anything in it as it is. */
function removeEmpty(folders: PinnedFolders, steps: readonly RestoreStep[]): void {
  const places = new Set([...steps.map(({ operation }) => folderOf(operation.aside)), ".onefold/tmp" as PathText]);
  for (const folder of places) {
    for (let at = folder; at !== "" && removed(folders, at); ) at = folderOf(at);
    folders[Symbol.dispose]();
  }
}

function removed(folders: PinnedFolders, folder: PathText): boolean {
  try {
    rmdirSync(systemPath(folders.path(folder)));
    return true;
  } catch (error) {
    if (error instanceof Trouble) return false;
    if (systemCode(error) === null) throw error;
    return systemCode(error) === "ENOENT";
  }
}
