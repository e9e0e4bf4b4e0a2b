import { type BigIntStats, fsyncSync, readdirSync, rmdirSync } from "node:fs";
import { systemCode } from "../model/errors.ts";
import type { Hash } from "../model/file.ts";
import { folderOf, joinPath, type PathText, pathText, systemPath } from "../model/path.ts";
import type { EpochNs } from "../model/time.ts";
import { setModifiedExactly } from "./file-time.ts";
import { PinnedFolders } from "./pinned-folder.ts";
import { openForReading } from "./read-file.ts";
import type { Retimed } from "./relink-kept.ts";
import { fstat, lstat } from "./relink-replace.ts";
import { isTime, judgeLink, type Separated, type SeparateStep, separate } from "./separate-file.ts";
import { isRaised, type StopFlag } from "./stop-flag.ts";
import {
  judge,
  type StandingName,
  type TakeBackStep,
  type TakeBackSurroundings,
  type TakenBack,
  takeBack,
} from "./take-back-file.ts";
import { Aborted, type Failure, failureInArchive, failureOf, flushed, type Stop, Trouble } from "./trouble.ts";

/** Steps of one kind, to be looked at or carried out in order. */
export interface UndoRequest {
  readonly root: PathText;
  /**
   * `act`: carry out. Else nothing is changed and no content is read: `look` tells how things stand, `pretend` how they
   * would, were all that was asked of this thread before carried out.
   */
  readonly how: "act" | "look" | "pretend";
  readonly steps: readonly UndoStep[];
  /** Kept files whose own time comes back if none of these steps leaves a link of them. */
  readonly retimes: readonly RetimeStep[];
  readonly stop: StopFlag;
}

export type UndoStep =
  | ({ readonly do: "remove" } & TakeBackStep)
  | ({ readonly do: "separate" } & SeparateStep)
  | FolderStep;

/** A folder that a run made, to be removed if it is empty. */
interface FolderStep {
  readonly do: "removeFolder";
  readonly path: PathText;
  /** null: it is certain that the run made it; else when that began, and a folder that is older is left alone. */
  readonly since: EpochNs | null;
}

/** A kept file that was given the time of another one. */
export interface RetimeStep {
  readonly path: PathText;
  readonly inode: bigint;
  readonly hash: Hash;
  /** Its own. */
  readonly modified: EpochNs;
  /** Those that it may have been given. */
  readonly given: readonly EpochNs[];
}

export type UndoResult =
  | { readonly kind: "removed" | "standing"; readonly inode: bigint; readonly freed: number }
  | Exclude<Separated, { kind: "standing" }>
  | { readonly kind: "aborted" }
  | Failure
  | Stop;

export interface UndoAnswer {
  /** One for each step, in order; `stop` for all from the first that found the archive unusable. */
  readonly results: readonly UndoResult[];
  readonly retimed: readonly (Retimed & { readonly hash: Hash })[];
  /** Kept files whose time cannot be set. */
  readonly untimed: readonly { readonly path: PathText; readonly failure: Failure }[];
  /** The names are not known to be on the disk: nothing of this may count as done. */
  readonly unflushed: Stop | null;
}

/**
 * Takes back steps of a run one after the other; runs in a thread, which may block.
 *
 * When it answers without `unflushed`, all changes are on the disk for good. Raising `stop` puts a file that is being
 * read down.
 */
export function undoBatch({ root, how, steps, retimes, stop }: UndoRequest): UndoAnswer {
  using folders = new PinnedFolders(root);
  const pause = () => {
    if (isRaised(stop)) throw new Aborted();
  };
  const emptied = new Set<PathText>();
  let unflushed: Stop | null = null;
  let stopped: Stop | null = null;
  const results = steps.map((step) => {
    const result: UndoResult = stopped ?? settled(step, { folders, pause, how, emptied });
    if (result.kind === "stop") stopped = result;
    unflushed ??= flushed(() => folders.settle());
    return result;
  });
  const times = retimes.map((step) => {
    const isLinked = how === "act" && isStillLinked(step, steps, results);
    return isLinked ? null : retimed(step, folders, how === "act");
  });
  unflushed ??= flushed(() => folders.flush());
  return {
    results,
    retimed: times.flatMap((time) => (time !== null && "modified" in time ? [time] : [])),
    untimed: times.flatMap((time) => (time !== null && "failure" in time ? [time] : [])),
    unflushed,
  };
}

/** What a dry run would have done: some bytes for each inode whose names it has not all come to yet. */
const pretended = new Map<bigint, number>();

interface Surroundings extends TakeBackSurroundings {
  readonly how: UndoRequest["how"];
  /** Folders that will be, or are, gone. */
  readonly emptied: Set<PathText>;
}

function settled(step: UndoStep, around: Surroundings): UndoResult {
  try {
    around.pause();
    switch (step.do) {
      case "remove":
        return removal(step, around);
      case "separate":
        return linkTold(step, around.how === "act" ? separate(step, around) : judgeLink(step, around));
      case "removeFolder":
        return folder(step, around);
    }
  } catch (error) {
    if (error instanceof Aborted) return { kind: "aborted" };
    if (systemCode(error) === "ENOENT") return { kind: "gone" };
    return failureInArchive(error);
  }
}

function removal(step: TakeBackStep, around: Surroundings): UndoResult {
  const isPretended = around.how === "pretend";
  const ignored = (inode: bigint) => (isPretended ? (pretended.get(inode) ?? 0) : 0);
  const result = around.how === "act" ? takeBack(step, around) : judge(step, around, ignored);
  if (!isStandingName(result)) return result;
  const { kind, file, freed } = result;
  if (isPretended && freed === 0) pretended.set(file.ino, ignored(file.ino) + 1);
  if (isPretended && freed > 0) pretended.delete(file.ino);
  return { kind, inode: file.ino, freed };
}

function isStandingName(result: TakenBack): result is StandingName {
  return result.kind === "removed" || result.kind === "standing";
}

function folder({ path, since }: FolderStep, { folders, how, emptied }: Surroundings): UndoResult {
  const absolute = folders.path(path);
  const stats = lstat(absolute);
  if (!stats.isDirectory() || isOlder(stats, since)) return { kind: "gone" };
  const names = readdirSync(systemPath(folders.inside(path, ".")), { encoding: "buffer" });
  if (names.some((name) => !emptied.has(joinPath(path, pathText(name))))) return { kind: "gone" };
  if (how === "act") {
    folders.forget(path);
    // It removes nothing but an empty folder.
    rmdirSync(systemPath(absolute));
    folders.touch(folderOf(path));
  }
  emptied.add(path);
  return { kind: how === "act" ? "removed" : "standing", inode: stats.ino, freed: 0 };
}

function linkTold({ kept }: SeparateStep, result: Separated): UndoResult {
  return result.kind === "standing" ? { kind: "standing", inode: kept.inode, freed: 0 } : result;
}

/** Where no time of birth is kept, a folder counts as older. */
function isOlder({ birthtimeNs }: BigIntStats, since: EpochNs | null): boolean {
  return since !== null && birthtimeNs < since;
}

type Time = UndoAnswer["retimed"][number] | UndoAnswer["untimed"][number];

function isStillLinked({ inode }: RetimeStep, steps: readonly UndoStep[], results: readonly UndoResult[]): boolean {
  return steps.some((step, n) => {
    const isOver = ["separated", "gone"].includes(results[n]?.kind ?? "");
    return step.do === "separate" && step.kept.inode === inode && !isOver;
  });
}

/** null: its time was never changed, or somebody has set it since. @param act Else only say whether it would. */
function retimed(
  { path, inode, hash, modified, given }: RetimeStep,
  folders: PinnedFolders,
  act: boolean,
): Time | null {
  try {
    using file = openForReading(folders.path(path));
    const before = fstat(file.fd);
    if (before.ino !== inode || !given.some((time) => isTime(before, time))) return null;
    if (!act) return { path, inode, hash, modified };
    setModifiedExactly(file.fd, modified);
    fsyncSync(file.fd);
    return { path, inode, hash, modified: fstat(file.fd).mtimeNs as EpochNs };
  } catch (error) {
    if (error instanceof Trouble || systemCode(error) === "ENOENT" || systemCode(error) === "ELOOP") return null;
    const failure = failureOf(error);
    if (failure.kind === "failed") return { path, failure };
    throw error;
  }
}
