import type { ReclaimableFile } from "../inventory/reclaimable.ts";
import type { SourceName } from "../model/file.ts";
import type { PathText } from "../model/path.ts";
import type { JournalStanding } from "./journal-records.ts";
import type { ReclaimResult } from "./reclaim-batch.ts";
import type { IntendedReclaim, ReclaimedResult, ReclaimHow } from "./reclaim-records.ts";

/** A file that may go, as it stood when it was read. */
export interface Proven {
  readonly file: ReclaimableFile;
  readonly before: JournalStanding;
  readonly ctimeNs: string;
}

export function intendedReclaim(
  { file, before, ctimeNs }: Proven,
  { how, source, aside }: { readonly how: ReclaimHow; readonly source: SourceName; readonly aside: PathText },
): IntendedReclaim {
  return {
    do: "reclaim",
    how,
    from: { source, path: file.path },
    existing: file.entry.path,
    hash: file.hash,
    size: file.size,
    mtimeNs: before.mtimeNs,
    ctimeNs,
    before,
    aside,
  };
}

export function reclaimedResult(
  file: ReclaimableFile,
  { how, source, result }: { readonly how: ReclaimHow; readonly source: SourceName; readonly result: ReclaimResult },
): ReclaimedResult {
  const from = { source, path: file.path };
  const base = { do: "reclaim", how, from, existing: file.entry.path, hash: file.hash } as const;
  if (result.kind === "reclaimed") return { ...base, outcome: "reclaimed", ctimeNs: String(result.changed) };
  if (result.kind === "aborted") return { ...base, outcome: "aborted" };
  return "code" in result ? { ...base, outcome: "failed", code: result.code } : { ...base, outcome: "failed" };
}
