import type { JunkRule } from "../inventory/candidates.ts";
import { applyClaims } from "../inventory/claims.ts";
import { comparedBefore, rememberComparison } from "../inventory/compared.ts";
import { type DuplicateTotals, duplicateTotals } from "../inventory/duplicates.ts";
import { makeIndexes } from "../inventory/late-indexes.ts";
import { adoptStanding } from "./adopting.ts";
import type { App } from "./context.ts";
import { type Found, findDuplicates } from "./hashing.ts";
import type { Targets } from "./targets.ts";
import { sumOf, type TargetCounts, walkTargets } from "./walking.ts";

/** What a scan found: counted over the sources; the archive only adds to what was read and to what could not be. */
export interface ScanTotals extends Omit<TargetCounts, "read"> {
  /** Bytes read from the contents of files. */
  readonly readBytes: number;
  readonly hashedFiles: number;
  readonly seconds: number;
}

export type Engine = "onefold" | "czkawka";

export interface ScanResult {
  readonly scan: ScanTotals;
  readonly duplicates: DuplicateTotals;
}

/**
 * Brings the inventory up to date with the disks, and finds which files are equal. Reads hardly more
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
  const seen = await walkTargets(app, everything, runId, engine === "onefold" ? "small files" : "empty files");
  if (engine === "czkawka" && !app.signal.aborted) {
    // With all that reads foreign results: not for those who have no need of it.
    const { claimWithCzkawka } = await import("./czkawka.ts");
    await claimWithCzkawka(app, targets, runId);
  }
  await applyClaims(
    app.db,
    targets.sources.map(({ id }) => id),
  );
  const compared = await compare(app, targets, runId, junk);
  const { hashed } = compared;
  // After an interruption the next scan makes them.
  if (!app.signal.aborted) await makeIndexes(app.db);
  if (targets.archive !== null) await adoptStanding(app, targets.archive);
  const { read, ...counts } = sumOf(seen.slice(0, targets.sources.length));
  return {
    scan: {
      ...counts,
      readBytes: read.bytes + hashed.bytesRead,
      hashedFiles: read.files + hashed.files,
      unreadable: sumOf(seen).unreadable + hashed.unreadable,
      seconds: (app.now().getTime() - started) / 1000,
    },
    duplicates: compared.duplicates,
  };
}

/** Where no file was written to since all of them were compared, that still holds. */
async function compare(
  app: App,
  { sources, archive }: Targets,
  runId: string,
  junk: JunkRule,
): Promise<{ readonly hashed: Found; readonly duplicates: DuplicateTotals }> {
  const sourceIds = sources.map(({ id }) => id);
  const comparison = { sourceIds, archiveId: archive?.id ?? null, junk };
  const known = await comparedBefore(app.db, comparison);
  if (known !== null) return { hashed: { files: 0, bytesRead: 0, unreadable: 0 }, duplicates: known };
  const hashed = await findDuplicates(app, { sources, archive }, runId, junk);
  const isWhole = !app.signal.aborted && hashed.unreadable === 0 && sources.every(({ watch }) => watch.lost === null);
  const duplicates = isWhole ? await rememberComparison(app.db, comparison) : await duplicateTotals(app.db, sourceIds);
  return { hashed, duplicates };
}
