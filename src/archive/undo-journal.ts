import type { IntendedOperation, UndoneResult } from "./journal-records.ts";
import { journalStanding } from "./standing.ts";
import type { UndoResult, UndoStep } from "./undo-batch.ts";

/** @param inode Of the file as it was looked at. */
export function intendedUndo(step: UndoStep, inode: bigint): IntendedOperation {
  if (step.do === "removeFolder") return { do: "removeFolder", to: step.path };
  if (step.do === "remove") {
    const { path, size, modified, hash } = step;
    const known = hash === null ? {} : { hash };
    return { do: "remove", to: path, size, mtimeNs: String(modified), inode: String(inode), ...known };
  }
  const { path, before, kept, hash, temporary } = step;
  const standings = { before: journalStanding(before), kept: journalStanding(kept) };
  return { do: "separate", to: path, existing: kept.path, size: before.size, hash, temporary, ...standings };
}

export function undoneResult(step: UndoStep, result: UndoResult): UndoneResult {
  const base = { to: step.path };
  switch (result.kind) {
    case "separated": {
      const { size, modified, inode } = result.archived;
      const hash = step.do === "separate" ? { hash: step.hash } : {};
      return { outcome: "separated", ...base, ...hash, size, mtimeNs: String(modified), inode: String(inode) };
    }
    case "kept":
      return { outcome: "kept", ...base, code: result.code };
    case "failed":
    case "stop":
      return { outcome: "failed", ...base, code: result.code };
    case "standing":
      return { outcome: "aborted", ...base };
    case "removed":
    case "gone":
    case "aborted":
      return { outcome: result.kind, ...base };
  }
}
