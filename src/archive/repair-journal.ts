import type { Hash } from "../model/file.ts";
import type { PathText } from "../model/path.ts";
import type { EpochNs } from "../model/time.ts";
import type { IntendedRepair, RepairedResult } from "./journal-records.ts";
import type { Good } from "./repair.ts";
import type { RepairAnswer } from "./repair-batch.ts";
import type { NameStep } from "./repair-names.ts";
import { journalStanding } from "./standing.ts";

/** What is repaired, as it is recorded. */
interface Repaired {
  readonly path: PathText;
  readonly size: number;
  readonly hash: Hash;
  readonly modified: EpochNs;
}

export function intendedRepair(file: Repaired, names: readonly NameStep[], good: Good): IntendedRepair {
  const { before = null, kept = null } = names.at(-1) ?? {};
  return {
    do: "repair",
    to: file.path,
    names: names.map(({ path }) => path),
    size: file.size,
    hash: file.hash,
    mtimeNs: String(file.modified),
    ...(good.kind === "link" ? { existing: good.path } : { from: good.from, temporary: good.temporary }),
    ...(before === null ? {} : { before: journalStanding(before) }),
    ...(kept === null ? {} : { kept }),
  };
}

/** Code of a copy that was put down. */
export const interrupted = "INTERRUPTED";

/** @param failure Why the content could not be brought, if it did not come to the names. */
export function repairedResult(
  file: Repaired,
  { names, failure }: Pick<RepairAnswer, "names" | "failure">,
): RepairedResult {
  const now = names.at(-1);
  const failed = failure?.code === interrupted ? "aborted" : "failed";
  return {
    outcome: failure === null ? "repaired" : failed,
    to: file.path,
    hash: file.hash,
    names: names.map(({ path }) => path),
    ...(now === undefined ? {} : { size: now.size, mtimeNs: String(now.modified), inode: String(now.inode) }),
    ...(failure === null || failed === "aborted" ? {} : { code: failure.code }),
  };
}
