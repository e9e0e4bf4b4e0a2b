import type { ArchivedFile } from "../model/operation.ts";
import type { PathText } from "../model/path.ts";
import { discardTemporary } from "./discard-temporary.ts";
import { Folders } from "./folders.ts";
import { PinnedFolders } from "./pinned-folder.ts";
import { type Content, lookAtNames, type NameLook } from "./repair-look.ts";
import { type RepairStep, repairNames } from "./repair-names.ts";
import { isRaised, type StopFlag } from "./stop-flag.ts";
import { Aborted, type Failure, failureInArchive, flushed, type Stop } from "./trouble.ts";

/** Names to look at, or a repair to carry out. */
export type RepairRequest = { readonly root: PathText; readonly stop: StopFlag } & (
  | { readonly do: "look"; readonly names: readonly PathText[]; readonly content: Content }
  | { readonly do: "repair"; readonly step: RepairStep }
);

export interface RepairAnswer {
  /** One for each name to look at, in order; empty if it was stopped. */
  readonly looks: readonly NameLook[];
  /** Names that hold the content again, on the disk for good. */
  readonly names: readonly ArchivedFile[];
  /** Folders that were made, parents first. */
  readonly folders: readonly PathText[];
  /** Why not all is done. */
  readonly failure: Failure | Stop | null;
}

/** Repairs one content; runs in a thread, which may block. The temporary file of a repair is gone afterwards. */
export function repairOne(request: RepairRequest): RepairAnswer {
  const { root, stop } = request;
  using folders = new PinnedFolders(root);
  if (request.do === "look") return look(request, folders, stop);
  const made = new Folders(root);
  const names: ArchivedFile[] = [];
  let failure: Failure | Stop | null = null;
  try {
    repairNames(request.step, { folders, made }, (name) => names.push(name));
  } catch (error) {
    failure = failureInArchive(error);
  }
  if ("temporary" in request.step.good) discardTemporary(request.step.good.temporary, folders);
  let madeFolders: readonly PathText[] = [];
  const unflushed = flushed(() => {
    folders.flush();
    madeFolders = made.flush();
  });
  if (unflushed !== null) return { looks: [], names: [], folders: [], failure: unflushed };
  return { looks: [], names, folders: madeFolders, failure };
}

function look(
  { names, content }: { readonly names: readonly PathText[]; readonly content: Content },
  folders: PinnedFolders,
  stop: StopFlag,
): RepairAnswer {
  const pause = () => {
    if (isRaised(stop)) throw new Aborted();
  };
  try {
    return { looks: lookAtNames(names, content, { folders, pause }), names: [], folders: [], failure: null };
  } catch (error) {
    if (!(error instanceof Aborted)) throw error;
    return { looks: [], names: [], folders: [], failure: null };
  }
}
