import type { Hash } from "../model/file.ts";
import type { CopyOperation, LinkOperation } from "../model/operation.ts";
import type { PathText } from "../model/path.ts";
import type { IntendedCopy, IntendedLink, JournalDone, JournalResult } from "./journal-records.ts";
import type { Executed, Step } from "./outcome.ts";

/** What of an operation may differ from the plan when it is tried. */
interface Now {
  readonly to: PathText;
  readonly hash: Hash | null;
}

export function intendedCopy(operation: CopyOperation, now: Now & { readonly temporary: string }): IntendedCopy {
  const captured = operation.captured === undefined ? {} : { captured: operation.captured };
  return { do: "copy", ...intended(operation, now), temporary: now.temporary, ...captured };
}

export function intendedLink(operation: LinkOperation, now: Now & { readonly existing: PathText }): IntendedLink {
  return { do: "link", ...intended(operation, now), existing: now.existing };
}

/** The line for a batch whose results are on the disk. */
export function doneRecord(batch: number, results: readonly Executed[], folders: readonly PathText[]): JournalDone {
  return { do: "done", batch, folders, results: results.map(journalResult) };
}

function intended({ from }: Step, { to, hash }: Now) {
  const { source, path, size, modified, changed } = from;
  const times = { mtimeNs: String(modified), ctimeNs: String(changed) };
  return { from: { source, path }, to, size, ...times, ...(hash === null ? {} : { hash }) };
}

function journalResult({ operation, outcome }: Executed): JournalResult {
  const { source, path } = operation.from;
  const base = { outcome: outcome.kind, from: { source, path } };
  if (outcome.kind === "failed") return { ...base, code: outcome.problem.code };
  if (outcome.kind === "aborted") return base;
  if (outcome.kind === "taken") return { ...base, hash: outcome.hash };
  const { archived, hash } = outcome;
  const captured = operation.do === "copy" && operation.captured !== undefined ? { captured: operation.captured } : {};
  return {
    ...base,
    to: archived.path,
    hash,
    size: archived.size,
    mtimeNs: String(archived.modified),
    inode: String(archived.inode),
    because: operation.because,
    ...captured,
  };
}
