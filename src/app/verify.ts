import { addProblems } from "../inventory/problems.ts";
import { type Choice, type Chosen, chooseFiles, chosenFiles } from "../inventory/verification.ts";
import { type ReadBatch, readArchive, type ToldFinding } from "./archive-reading.ts";
import type { App } from "./context.ts";
import { recallRelinks } from "./relink-recall.ts";
import { findArchive, type Target } from "./targets.ts";
import { archiveOf, type Outcome, withRun } from "./under-lock.ts";

export type { Choice } from "../inventory/verification.ts";
export type { ToldFinding } from "./archive-reading.ts";

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
  readonly seconds: number;
}

export interface VerifyParts {
  readonly verify: VerifyTotals;
}

/** How a verification ended, and what it found. */
export interface Verified {
  readonly outcome: Outcome<VerifyParts>;
  readonly findings: readonly ToldFinding[];
}

/**
 * `onefold verify`: reads files of the archive from end to end and compares them with what is recorded. Needs no source,
 * and writes nothing to the archive. What was read is remembered as it goes.
 */
export async function verifyArchive(app: App, choice: Choice): Promise<Verified> {
  const archive = archiveOf({ archive: await findArchive(app) });
  const findings: ToldFinding[] = [];
  const outcome = await withRun(app, { command: "verify", archiveId: archive.id }, async (runId) => {
    await recallRelinks(app, archive);
    const tally = new Tally(app);
    tally.entries = await read(app, { archive, runId, choice }, async (batch) => {
      tally.add(batch);
      findings.push(...batch.findings);
      await addProblems(app.db, runId, batch.findings.map(problemOf(archive)));
    });
    return { verify: tally.totals() };
  });
  return { outcome, findings };
}

interface Work {
  readonly archive: Target;
  readonly runId: string;
  readonly choice: Choice;
}

/** @returns Number of entries of the archive. */
async function read(
  app: App,
  { archive, runId, choice }: Work,
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

function problemOf({ name }: Target) {
  return ({ path, code, message }: ToldFinding) => ({ source: name, path, code, message });
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

  totals(): VerifyTotals {
    const seconds = (this.#app.now().getTime() - this.#started) / 1000;
    return { ...this.#totals, entries: this.entries, seconds };
  }
}

/** Whether other bytes stand in the place of those that were recorded. */
export function isDamage({ kind }: ToldFinding): boolean {
  return kind === "damaged" || kind === "edited";
}

/** Whether no bytes stand there that could be had. */
export function isLoss({ kind, code }: ToldFinding): boolean {
  return kind === "missing" || (kind === "unreadable" && code === "EIO");
}
