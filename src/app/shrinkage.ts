import type { Session } from "../inventory/database.ts";
import { countLost } from "../inventory/gone.ts";
import type { SeenCounts } from "../inventory/seen.ts";
import type { Target } from "./targets.ts";

/** A source that has lost most of its files. */
export interface Shrunk {
  readonly name: Target["name"];
  /** Files of the last complete scan. */
  readonly known: number;
  readonly lost: number;
}

/** Below this a source may lose what it likes, but not everything: half of three files is no sign of anything. */
const fewFiles = 10;

/**
 * Whether a source has lost so much that it must be another one, or half of one.
 *
 * @param db Of the transaction that has just marked `gone` files as gone.
 * @returns null: it may lose what it has lost
 */
export async function shrinkage(
  db: Session,
  target: Target,
  seen: Pick<SeenCounts, "changed" | "unchanged">,
  gone: number,
): Promise<Shrunk | null> {
  const kept = seen.changed + seen.unchanged;
  if (target.mayShrink || gone <= kept) return null;
  const lost = await countLost(db, target.id);
  const known = lost + kept;
  const isShrunk = known >= fewFiles ? lost * 2 > known : lost > 0 && lost === known;
  return isShrunk ? { name: target.name, known, lost } : null;
}
