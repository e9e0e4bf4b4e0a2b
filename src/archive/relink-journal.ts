import type { Hash } from "../model/file.ts";
import type { IntendedRelink, RelinkedResult } from "./journal-records.ts";
import type { RelinkResult } from "./relink-batch.ts";
import type { RelinkStep } from "./relink-file.ts";
import { journalStanding } from "./standing.ts";

export function intendedRelink({ file, kept, temporary }: RelinkStep, hash: Hash): IntendedRelink {
  return {
    do: "relink",
    to: file.path,
    existing: kept.path,
    size: file.size,
    hash,
    temporary,
    before: journalStanding(file),
    kept: journalStanding(kept),
  };
}

export function relinkedResult({ file }: RelinkStep, hash: Hash, result: RelinkResult): RelinkedResult {
  const outcome = result.kind === "stop" ? "failed" : result.kind;
  const base = { outcome, to: file.path, hash };
  if (result.kind === "relinked") {
    const { size, modified, inode } = result.archived;
    return { ...base, size, mtimeNs: String(modified), inode: String(inode) };
  }
  return "code" in result ? { ...base, code: result.code } : base;
}
