import type { Archive } from "../archive/archive.ts";
import { type Origin, type Repair, Repairer } from "../archive/repair.ts";
import { copiesOfContent, namesOfContent, namesOfFiles, recordInodes, recordRepaired } from "../inventory/repairs.ts";
import { joinPath, type PathText } from "../model/path.ts";
import { lookAt } from "../sources/look.ts";
import type { ToldFinding } from "./archive-reading.ts";
import type { App } from "./context.ts";
import { isDamage, isLoss } from "./finding-text.ts";
import { LateJournal } from "./late-journal.ts";
import type { Target } from "./targets.ts";
import { patienceSeconds } from "./threads.ts";
import { describeTrouble } from "./trouble.ts";
import { loseIfSilent } from "./watch.ts";

/** A file of the archive that holds its content again. */
export interface RepairedFile {
  readonly path: PathText;
  /** null: it holds it by itself, a reading had erred. Without a source it is a file of the archive. */
  readonly from: Origin | null;
  /** All names that were changed. */
  readonly names: readonly PathText[];
  /** Where the file that stood there is kept, below the archive's root. */
  readonly kept: PathText | null;
}

interface Work {
  readonly archive: Target;
  readonly taken: Archive;
  readonly runId: string;
}

/**
 * Gives whatever is damaged or missing its content again, from the archive itself or from a source that still has it.
 *
 * @returns What was repaired, and what is left as it is, with the reason added.
 * @throws AppError ARCHIVE_FULL, ARCHIVE_LOST
 */
export async function repairAll(
  app: App,
  { archive, taken, runId }: Work,
  findings: readonly ToldFinding[],
): Promise<{ readonly repaired: readonly RepairedFile[]; readonly left: readonly ToldFinding[] }> {
  const repaired: RepairedFile[] = [];
  const left: ToldFinding[] = [];
  /** What they are links of may be the work of a repair that was killed. */
  const linked: number[] = [];
  const phase = app.progress.begin("repairing");
  await using session = await app.db.session();
  await using journal = new LateJournal(app, taken, { run: runId, command: "verify", sources: [] });
  const rules = { run: runId, begin: () => journal.begun(), signal: app.signal };
  await using repairer = new Repairer(taken, rules);
  const where = { archiveId: archive.id, inodesTrusted: archive.inodes === "all" };
  for (const finding of findings) {
    const repair = app.signal.aborted ? null : await repairOne(app, archive, repairer, finding);
    if (repair === null || repair.kind === "aborted") left.push(finding);
    else {
      const isWhole = repair.kind !== "failed";
      const names = repair.kind === "intact" ? [] : repair.names;
      await recordRepaired(session, where, { names, fileId: isWhole ? finding.id : null, runId });
      if (repair.kind === "failed") left.push(withReason(finding, repair));
      else repaired.push(repairedFile(finding, repair));
      if (repair.kind === "repaired" && repair.from.source === undefined) linked.push(finding.id);
    }
    phase.add({ files: 1, bytes: finding.size });
  }
  phase.end();
  await refreshInodes(app, archive, linked);
  await journal.end(app.signal.aborted ? "interrupted" : left.length > 0 ? "incomplete" : "complete");
  return { repaired, left };
}

/** null: there is nothing to repair about it. */
async function repairOne(app: App, archive: Target, repairer: Repairer, finding: ToldFinding): Promise<Repair | null> {
  const { path, size, expected, modified } = finding;
  if (expected === null || !(isDamage(finding) || isLoss(finding))) return null;
  const names = await namesOfContent(app.db, archive.id, expected);
  const sources = await copiesOfContent(app.db, expected);
  return repairer.repair({ path, size, hash: expected, modified }, { names, sources });
}

function repairedFile({ path }: ToldFinding, repair: Exclude<Repair, { kind: "failed" | "aborted" }>): RepairedFile {
  if (repair.kind === "intact") return { path, from: null, names: [], kept: null };
  return { path, from: repair.from, names: repair.names.map((name) => name.path), kept: repair.kept };
}

function withReason(finding: ToldFinding, { code, message, tried }: Extract<Repair, { kind: "failed" }>): ToldFinding {
  const why =
    tried.length > 0
      ? `NOT repaired: ${tried.map(originText).join(", ")} does not hold it either`
      : `NOT repaired: ${code.startsWith("E") ? describeTrouble(code) : message}`;
  return { ...finding, message: `${finding.message}; ${why}` };
}

/** "phone: a.jpg", or a path of the archive. */
export function originText({ source, path }: Origin): string {
  return source === undefined ? `the archive's ${path}` : `${source}: ${path}`;
}

/**
 * Looks which inodes hold the contents of these files: entries that turn out to be good again may have been repaired by
 * a run that could not record it.
 */
export async function refreshInodes(app: App, archive: Target, fileIds: readonly number[]): Promise<void> {
  if (fileIds.length === 0) return;
  const names = (await namesOfFiles(app.db, archive.id, fileIds)).map(({ id, path }) => {
    return { id, path: joinPath(archive.root, path) };
  });
  await using session = await app.db.session();
  const options = { threads: 1, signal: app.signal, patienceSeconds: patienceSeconds(app, archive) };
  try {
    for await (const rows of lookAt(once(names), options)) await recordInodes(session, [rows]);
  } catch (error) {
    loseIfSilent(archive, error);
  }
}

async function* once<Item>(item: Item): AsyncGenerator<Item, void, undefined> {
  yield item;
}
