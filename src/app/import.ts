import { type ClaimedGroup, type FormatName, type ImportedDocument, openResults } from "../imports/import.ts";
import { mapPath, type PathMap, parsePathMaps } from "../imports/map-path.ts";
import {
  applyClaims,
  beginImport,
  type Claim,
  type ClaimedEqual,
  contradictedClaims,
  endImport,
  judgeGroups,
  recordClaims,
} from "../inventory/claims.ts";
import type { DedicatedSession } from "../inventory/database.ts";
import { addProblems } from "../inventory/problems.ts";
import type { Problem } from "../model/operation.ts";
import { type PathText, parsePathText, pathTextOf } from "../model/path.ts";
import type { App } from "./context.ts";
import { recallTargets } from "./targets.ts";
import { type Outcome, withRun } from "./under-lock.ts";

export { type FormatName, formatNames } from "../imports/import.ts";

/** What the results in one or several documents came to. */
interface Kept {
  readonly groups: number;
  /** Files named in groups, as often as they are. */
  readonly files: number;
  /** Files whose BLAKE3-256, size and time the results tell: a later scan need not read them to compare them. */
  readonly claims: number;
  /** Groups that the inventory confirms, contradicts, or cannot judge since not all of it were read. */
  readonly confirmed: number;
  readonly contradicted: number;
  readonly open: number;
  /** Entries that were left out; each reason is listed. */
  readonly skipped: number;
}

export interface ImportTotals extends Kept {
  readonly documents: number;
  /** Files of the inventory that a claim fits now, and that nobody had read. */
  readonly applied: number;
}

export interface ImportParts {
  readonly import: ImportTotals;
}

export interface ImportOptions {
  readonly format: FormatName | "detect";
  /** FROM=TO, see {@link parsePathMaps}. */
  readonly maps: readonly string[];
}

/** Claims and groups that go to the database in one go. */
const filesPerWrite = 5_000;

/**
 * `onefold import`: takes over what other duplicate finders found, as claims. Needs no source to be there: claims are
 * kept by path, and each is used once a scan finds a file that it fits. Memory does not grow with the documents.
 *
 * @throws AppError IMPORT_NOT_UNDERSTOOD, IMPORT_UNREADABLE, MAP_NOT_UNDERSTOOD
 */
export function importResults(
  app: App,
  files: readonly string[],
  { format, maps }: ImportOptions,
): Promise<Outcome<ImportParts>> {
  const parsedMaps = parsePathMaps(maps);
  return withRun(app, { command: "import", archiveId: null }, async (runId) => {
    const kept: Kept[] = [];
    for (const file of files) {
      if (app.signal.aborted) break;
      await using document = await openResults(file, { format });
      const name = parsePathText(file) ?? pathTextOf(file);
      kept.push(await keepClaims(app, document, { runId, name, maps: parsedMaps }));
    }
    const sourceIds = (await recallTargets(app)).sources.map(({ id }) => id);
    const applied = await applyClaims(app.db, sourceIds);
    await listContradictions(app, sourceIds, runId);
    const sum = (pick: (one: Kept) => number) => kept.reduce((total, one) => total + pick(one), 0);
    const totals: ImportTotals = {
      documents: kept.length,
      groups: sum(({ groups }) => groups),
      files: sum((one) => one.files),
      claims: sum(({ claims }) => claims),
      applied,
      confirmed: sum(({ confirmed }) => confirmed),
      contradicted: sum(({ contradicted }) => contradicted),
      open: sum(({ open }) => open),
      skipped: sum(({ skipped }) => skipped),
    };
    return { import: totals };
  });
}

interface Keeping {
  readonly runId: string;
  /** Of the document, for people. */
  readonly name: PathText;
  readonly maps: readonly PathMap[];
}

/** Reads a document to its end, keeps its claims, and holds its groups against what we have read ourselves. */
export async function keepClaims(app: App, document: ImportedDocument, keeping: Keeping): Promise<Kept> {
  const { runId, name, maps } = keeping;
  const importId = await beginImport(app.db, runId, `${document.format}: ${name}`);
  const phase = app.progress.begin(`importing ${name}`);
  await using session = await app.db.session();
  const keeper = new Keeper(app, session, { runId, importId, origin: document.format, maps });
  for await (const groups of document.groups) {
    if (app.signal.aborted) break;
    for (const group of groups) keeper.take(group);
    phase.add({ files: groups.reduce((sum, { files }) => sum + files.length, 0) });
    if (keeper.waiting >= filesPerWrite) await keeper.write();
  }
  await keeper.write();
  phase.end();
  await addProblems(app.db, runId, problemsOf(document, name, keeper.unmapped));
  await endImport(app.db, importId, document.completeness().complete && !app.signal.aborted);
  const skipped = document.skipped().reduce((sum, { count }) => sum + count, keeper.unmapped);
  return { ...keeper.totals, skipped };
}

interface Origin {
  readonly runId: string;
  readonly importId: number;
  readonly origin: string;
  readonly maps: readonly PathMap[];
}

/** Gathers the claims of one document, and writes them some thousands at a time. */
class Keeper {
  readonly totals = { groups: 0, files: 0, claims: 0, confirmed: 0, contradicted: 0, open: 0 };
  /** Files whose path means nothing here. */
  unmapped = 0;
  /** Files taken since the last writing. */
  waiting = 0;
  readonly #app: App;
  readonly #session: DedicatedSession;
  readonly #from: Origin;
  #claims: Claim[] = [];
  #groups: ClaimedEqual[] = [];

  constructor(app: App, session: DedicatedSession, from: Origin) {
    this.#app = app;
    this.#session = session;
    this.#from = from;
  }

  take({ agreeIn, files }: ClaimedGroup): void {
    const here = files.flatMap((file) => {
      const path = mapPath(file.path, this.#from.maps);
      return path === null ? [] : [{ ...file, path }];
    });
    this.unmapped += files.length - here.length;
    for (const { path, size, modified, modifiedPrecision, hash } of here) {
      if (hash === null || size === null || modified === null) continue;
      this.#claims.push({ path, size, modified, modifiedPrecision, hash });
      this.totals.claims++;
    }
    if (agreeIn === "content" && here.length > 1) this.#groups.push({ paths: here.map(({ path }) => path) });
    this.totals.groups++;
    this.totals.files += files.length;
    this.waiting += files.length;
  }

  async write(): Promise<void> {
    const { runId, importId, origin } = this.#from;
    await recordClaims(this.#session, importId, this.#claims);
    const judgements = await judgeGroups(this.#session, this.#groups);
    for (const { verdict } of judgements) this.totals[verdict]++;
    const problems = judgements.flatMap(({ verdict, source, path }): Problem[] => {
      if (verdict !== "contradicted" || source === null || path === null) return [];
      const message = `${origin} takes it for equal to files that differ from it, or have changed since`;
      return [{ source, path, code: "CLAIM_CONTRADICTED", message }];
    });
    await addProblems(this.#app.db, runId, problems);
    this.#claims = [];
    this.#groups = [];
    this.waiting = 0;
  }
}

/** An end that the format does not mark is no news; any other missing part is. */
function problemsOf(document: ImportedDocument, path: PathText, unmapped: number): Problem[] {
  const problem = (code: string, message: string): Problem => ({ source: "results", path, code, message });
  const { complete, why } = document.completeness();
  const problems =
    complete || document.format === "fdupes" ? [] : [problem("IMPORT_INCOMPLETE", why ?? "it has no end")];
  for (const { reason, count, example } of document.skipped()) {
    problems.push(problem("IMPORT_SKIPPED", `${count} left out: ${reason}${example === null ? "" : ` (${example})`}`));
  }
  const message = `${unmapped} left out: paths of Windows that no --map covers`;
  return unmapped === 0 ? problems : [...problems, problem("IMPORT_SKIPPED", message)];
}

async function listContradictions(app: App, sourceIds: readonly number[], runId: string): Promise<void> {
  for await (const batch of contradictedClaims(app.db, sourceIds)) {
    const problems = batch.map(({ source, path, origin }): Problem => {
      const message = `its content is not what ${origin} says, though its size and time are`;
      return { source, path, code: "CLAIM_CONTRADICTED", message };
    });
    await addProblems(app.db, runId, problems);
  }
}
