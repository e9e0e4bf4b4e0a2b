import { addProblems } from "../inventory/problems.ts";
import { type Choice, type Chosen, chooseFiles, chosenFiles } from "../inventory/verification.ts";
import { type ReadBatch, readArchive, type ToldFinding } from "./archive-reading.ts";
import { takeArchive } from "./consolidate.ts";
import type { App } from "./context.ts";
import { isDamage, isLoss } from "./finding-text.ts";
import { recallRuns } from "./recall.ts";
import { type RepairedFile, refreshInodes, repairAll } from "./repairing.ts";
import { findArchive, type Target } from "./targets.ts";
import { type Outcome, withRun } from "./under-lock.ts";

export type { Choice } from "../inventory/verification.ts";
export type { ToldFinding } from "./archive-reading.ts";
export { isDamage, isLoss } from "./finding-text.ts";
export { originText, type RepairedFile } from "./repairing.ts";

export interface VerifyTotals {
  /** Files that were read. */
  readonly checked: number;
  readonly bytes: number;
  /** Of the archive; only some of them are read as a rule. */
  readonly entries: number;
  /** Files whose content is not what was recorded. */
  readonly damaged: number;
  /** Files that are not there, or whose disk does not give them back. */
  readonly missing: number;
  /** How many of these two hold their content again. */
  readonly repaired: number;
  readonly seconds: number;
}

export interface VerifyParts {
  readonly verify: VerifyTotals;
}

/** How a verification ended, and what it found. */
export interface Verified {
  readonly outcome: Outcome<VerifyParts>;
  readonly findings: readonly ToldFinding[];
  readonly repaired: readonly RepairedFile[];
}

/**
 * `onefold verify`: reads files of the archive from end to end and compares them with what is recorded. Needs no source,
 * and writes nothing to the archive. What was read is remembered as it goes.
 *
 * @param repair Afterwards gives whatever was found to be damaged or missing its content again, from the sources.
 */
export async function verifyArchive(
  app: App,
  choice: Choice,
  { repair }: { readonly repair: boolean },
): Promise<Verified> {
  const archive = await findArchive(app);
  const found: { findings: ToldFinding[]; repaired: readonly RepairedFile[] } = { findings: [], repaired: [] };
  const outcome = await withRun(app, { command: "verify", archiveId: archive.id }, async (runId) => {
    await recallRuns(app, archive);
    // Taken first: an archive that cannot be written to is found out before hours of reading.
    await using taken = repair ? await takeArchive(app, archive, "verify") : null;
    const work = { archive, runId };
    const tally = new Tally(app);
    tally.entries = await read(app, { ...work, choice }, async (batch) => {
      tally.add(batch);
      found.findings.push(...batch.findings);
      await refreshInodes(app, archive, batch.healed);
      if (taken === null) await list(app, work, batch.findings);
    });
    if (taken !== null) {
      const { repaired, left } = await repairAll(app, { ...work, taken }, found.findings);
      found.repaired = repaired;
      await list(app, work, left);
    }
    return { verify: { ...tally.totals(), repaired: found.repaired.length } };
  });
  return { outcome, ...found };
}

interface Work {
  readonly archive: Target;
  readonly runId: string;
}

/** @returns Number of entries of the archive. */
async function read(
  app: App,
  { archive, runId, choice }: Work & { readonly choice: Choice },
  each: (batch: ReadBatch) => Promise<void>,
): Promise<Chosen["entries"]> {
  await using asking = await app.db.session();
  await using writing = await app.db.session();
  const { entries, ...total } = await chooseFiles(asking, archive.id, choice);
  const phase = app.progress.begin("reading the archive", total);
  for await (const batch of readArchive(app, writing, archive, { files: chosenFiles(asking), runId })) {
    await each(batch);
    phase.add(batch);
  }
  phase.end();
  return entries;
}

function list(app: App, { archive, runId }: Work, findings: readonly ToldFinding[]): Promise<void> {
  const problems = findings.map(({ path, code, message }) => ({ source: archive.name, path, code, message }));
  return addProblems(app.db, runId, problems);
}

class Tally {
  entries = 0;
  readonly #app: App;
  readonly #started: number;
  #totals = { checked: 0, bytes: 0, damaged: 0, missing: 0 };

  constructor(app: App) {
    this.#app = app;
    this.#started = app.now().getTime();
  }

  add({ files, bytes, findings }: ReadBatch): void {
    this.#totals.checked += files;
    this.#totals.bytes += bytes;
    this.#totals.damaged += findings.filter(isDamage).length;
    this.#totals.missing += findings.filter(isLoss).length;
  }

  totals(): Omit<VerifyTotals, "repaired"> {
    const seconds = (this.#app.now().getTime() - this.#started) / 1000;
    return { ...this.#totals, entries: this.entries, seconds };
  }
}
