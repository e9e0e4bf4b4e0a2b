import type { Executed, ExecutedBatch } from "../archive/outcome.ts";
import { type Placed, type ReadSource, recordPlaced } from "../inventory/placed.ts";
import { addProblems } from "../inventory/problems.ts";
import type { CopyOperation, Problem } from "../model/operation.ts";
import { joinPath } from "../model/path.ts";
import { isRacy } from "../model/time.ts";
import { Serial } from "../threads/serial.ts";
import type { App } from "./context.ts";
import { mirrorFolder } from "./mirroring.ts";
import { mostFailed } from "./other-copies.ts";
import type { Plan } from "./plan.ts";
import type { Phase } from "./progress.ts";
import { describeTrouble } from "./trouble.ts";

export interface ConsolidateTotals {
  readonly copiedFiles: number;
  readonly copiedBytes: number;
  readonly linkedFiles: number;
  /** Files of the sources whose content the archive held before. */
  readonly alreadyArchived: number;
  readonly failed: number;
  readonly seconds: number;
}

export interface Consolidated {
  readonly totals: ConsolidateTotals;
  /** Bytes read from the sources. */
  readonly readBytes: number;
}

/** Tells the inventory what a consolidation has put on the disk, and counts. Holds a session of its own. */
export class Recorder implements AsyncDisposable {
  readonly #app: App;
  readonly #plan: Plan;
  readonly #runId: string;
  readonly #session;
  readonly #writes = new Serial();
  readonly #started: number;
  #failed: CopyOperation[] = [];
  #totals = { copiedFiles: 0, copiedBytes: 0, linkedFiles: 0, foundFiles: 0, failed: 0, readBytes: 0 };

  private constructor(app: App, plan: Plan, runId: string, session: Awaited<ReturnType<App["db"]["session"]>>) {
    this.#app = app;
    this.#plan = plan;
    this.#runId = runId;
    this.#session = session;
    this.#started = app.now().getTime();
  }

  static async open(app: App, plan: Plan, runId: string): Promise<Recorder> {
    return new Recorder(app, plan, runId, await app.db.session());
  }

  record({ results }: ExecutedBatch, phase: Phase): Promise<void> {
    return this.#writes.run(async () => {
      const placed = results.flatMap((one) => placedBy(one, this.#runId));
      const read = results.flatMap((one) => this.#readBy(one));
      const problems = results.flatMap(problemOf);
      const { archive } = this.#plan;
      const where = { archiveId: archive.id, inodesTrusted: archive.inodes === "all" };
      await recordPlaced(this.#session, where, placed, read);
      await addProblems(this.#app.db, this.#runId, problems);
      for (const one of results) this.#countResult(one);
      const bytes = results.reduce((sum, { outcome }) => sum + ("bytesRead" in outcome ? outcome.bytesRead : 0), 0);
      phase.add({ files: results.length, bytes });
    });
  }

  /** Copies that failed since this was called last. */
  takeFailed(): readonly CopyOperation[] {
    const failed = this.#failed;
    this.#failed = [];
    return failed;
  }

  /** Whether anything of this run is in the archive. */
  get hasDone(): boolean {
    return this.#totals.copiedFiles + this.#totals.linkedFiles > 0;
  }

  /** Lists trouble of the archive as a whole. */
  async list({ code, message }: Pick<Problem, "code" | "message">): Promise<void> {
    this.#totals.failed++;
    await addProblems(this.#app.db, this.#runId, [
      { source: this.#plan.archive.name, path: joinPath(), code, message },
    ]);
  }

  /** Counts what was read beside the copying. */
  count({ bytesRead }: { readonly bytesRead: number }): void {
    this.#totals.readBytes += bytesRead;
  }

  result(): Consolidated {
    const { copiedFiles, copiedBytes, linkedFiles, foundFiles, failed, readBytes } = this.#totals;
    const seconds = (this.#app.now().getTime() - this.#started) / 1000;
    const alreadyArchived = this.#plan.totals.alreadyArchived + foundFiles;
    return { totals: { copiedFiles, copiedBytes, linkedFiles, alreadyArchived, failed, seconds }, readBytes };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session[Symbol.asyncDispose]();
  }

  #readBy({ operation, outcome }: Executed): ReadSource[] {
    if (!("seen" in outcome) || outcome.seen === null) return [];
    const { hash, head, seen } = outcome;
    const racy = isRacy(seen.modified, seen.changed, this.#started, null);
    return [{ id: operation.from.id, hash, head, racy }];
  }

  #countResult({ operation, outcome }: Executed): void {
    if ("bytesRead" in outcome) this.#totals.readBytes += outcome.bytesRead;
    if (outcome.kind === "copied") {
      this.#totals.copiedFiles++;
      this.#totals.copiedBytes += outcome.archived.size;
    } else if (outcome.kind === "linked") this.#totals.linkedFiles++;
    else if (outcome.kind === "alreadyThere" && operation.do === "copy") this.#totals.foundFiles++;
    else if (outcome.kind === "failed" || outcome.kind === "taken") this.#totals.failed++;
    // What the archive's disk did wrong says nothing about the file: the next run takes it again.
    const isOfFile = outcome.kind === "failed" && outcome.problem.code !== "WRITTEN_WRONG";
    if (isOfFile && operation.do === "copy" && this.#failed.length < mostFailed) {
      this.#failed.push(operation);
    }
  }
}

function placedBy({ operation, outcome }: Executed, runId: string): Placed[] {
  if (outcome.kind !== "copied" && outcome.kind !== "linked" && outcome.kind !== "alreadyThere") return [];
  const { archived, hash } = outcome;
  const head = "head" in outcome ? outcome.head : null;
  const isMirror = operation.do === "link" && operation.to.startsWith(`${mirrorFolder}/`);
  const captured = operation.do === "copy" ? (operation.captured ?? null) : null;
  const run = outcome.kind === "copied" ? runId : null;
  return [{ archived, hash, head, entry: isMirror ? null : { captured, run } }];
}

function problemOf({ operation, outcome }: Executed): Problem[] {
  if (outcome.kind === "failed") {
    const { problem } = outcome;
    return [{ ...problem, message: problem.message || describeTrouble(problem.code) }];
  }
  if (outcome.kind !== "taken") return [];
  const { source, path } = operation.from;
  return [
    { source, path, code: "NAME_TAKEN", message: `other contents stand at ${operation.to} and at its other name` },
  ];
}
