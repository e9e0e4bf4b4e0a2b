import type { JunkRule } from "../inventory/candidates.ts";
import { applyClaims } from "../inventory/claims.ts";
import { type DuplicateTotals, duplicateTotals } from "../inventory/duplicates.ts";
import { adoptStanding } from "./adopting.ts";
import type { App } from "./context.ts";
import { claimWithCzkawka } from "./czkawka.ts";
import { findDuplicates } from "./hashing.ts";
import type { Targets } from "./targets.ts";
import { type TargetCounts, walkTargets } from "./walking.ts";

/** What a scan found: counted over the sources; the archive only adds to what was read. */
export interface ScanTotals {
  readonly files: number;
  readonly bytes: number;
  readonly new: number;
  readonly changed: number;
  readonly unchanged: number;
  readonly missing: number;
  /** Bytes read from the contents of files. */
  readonly readBytes: number;
  readonly hashedFiles: number;
  /** Files and folders that could not be looked at or read. */
  readonly unreadable: number;
  readonly seconds: number;
}

export type Engine = "onefold" | "czkawka";

export interface ScanResult {
  readonly scan: ScanTotals;
  readonly duplicates: DuplicateTotals;
}

/**
 * Brings the inventory up to date with the disks, and finds which files are equal. Reads no more
 * than that takes. What it learned is committed as it goes: a scan that was killed goes on where it was.
 *
 * @param runId Where unreadable files are listed.
 * @param engine Who looks first for equal files; what it leaves out or claims wrongly is our own stages' to find.
 * @param junk Whether it is found out which files are equal to junk.
 * @throws AppError SOURCE_SHRANK; ARCHIVE_LOST. A source that is lost is left behind, and its watch tells.
 */
export async function scan(
  app: App,
  targets: Targets,
  runId: string,
  { engine = "onefold", junk = "left out" }: { readonly engine?: Engine; readonly junk?: JunkRule } = {},
): Promise<ScanResult> {
  const started = app.now().getTime();
  const everything = [...targets.sources, ...(targets.archive === null ? [] : [targets.archive])];
  const seen = await walkTargets(app, everything, runId);
  const sourceCounts = seen.slice(0, targets.sources.length);
  if (engine === "czkawka" && !app.signal.aborted) await claimWithCzkawka(app, targets, runId);
  await applyClaims(
    app.db,
    targets.sources.map(({ id }) => id),
  );
  const hashed = await findDuplicates(app, targets, runId, junk);
  if (targets.archive !== null) await adoptStanding(app, targets.archive);
  const sum = (pick: (counts: TargetCounts) => number) =>
    sourceCounts.reduce((total, counts) => total + pick(counts), 0);
  return {
    scan: {
      files: sum((counts) => counts.files),
      bytes: sum((counts) => counts.bytes),
      new: sum((counts) => counts.new),
      changed: sum((counts) => counts.changed),
      unchanged: sum((counts) => counts.unchanged),
      missing: sum((counts) => counts.missing),
      readBytes: hashed.bytesRead,
      hashedFiles: hashed.files,
      unreadable: seen.reduce((total, counts) => total + counts.unreadable, hashed.unreadable),
      seconds: (app.now().getTime() - started) / 1000,
    },
    duplicates: await duplicateTotals(
      app.db,
      targets.sources.map(({ id }) => id),
    ),
  };
}
