import { hostname } from "node:os";
import type { PathText } from "../model/path.ts";
import { type Session, sql } from "./database.ts";

/** How a run stands; "running" of a run whose process is gone means that it was killed. */
export type RunStatus = "running" | "complete" | "incomplete" | "interrupted" | "failed";

export interface Run {
  readonly id: string;
  readonly command: string;
  readonly startedAt: Date;
  readonly endedAt: Date | null;
  readonly status: RunStatus;
  /** The numbers it ended with, as `--json` printed them; null if it did not get that far. */
  readonly summary: unknown;
  readonly problems: number;
  /** Root of the archive it worked on, where its journal lies; null: it worked on none. */
  readonly archive: PathText | null;
}

const columns = sql`
  id, command, started_at as "startedAt", ended_at as "endedAt", status, summary,
  (select count(*)::int4 from problem where run_id = run.id) as problems,
  (select root from source where source.id = archive_id) as archive`;

export async function beginRun(
  db: Session,
  run: { readonly id: string; readonly command: string; readonly startedAt: Date; readonly archiveId: number | null },
): Promise<void> {
  await db.query(sql`
    insert into run (id, command, archive_id, started_at, status, host, pid)
    values (${run.id}, ${run.command}, ${run.archiveId}, ${run.startedAt}, 'running', ${hostname()}, ${process.pid})
  `);
}

/** The run that is under way, for whoever is kept out by it. */
export interface ActiveRun {
  readonly id: string;
  readonly command: string;
  readonly host: string | null;
  readonly pid: number | null;
}

/** null: it has only just begun, or ended by now. */
export async function activeRun(db: Session): Promise<ActiveRun | null> {
  const [run] = await db.query<ActiveRun>(sql`
    select id, command, host, pid from run where status = 'running' order by started_at desc limit 1
  `);
  return run ?? null;
}

export async function endRun(
  db: Session,
  id: string,
  end: { readonly status: RunStatus; readonly endedAt: Date; readonly summary: unknown },
): Promise<void> {
  await db.query(sql`
    update run set status = ${end.status}, ended_at = ${end.endedAt}, summary = ${JSON.stringify(end.summary)}::jsonb
    where id = ${id}
  `);
}

/** Runs that never said how they ended were killed; whoever holds the lock on runs may say so. */
export async function closeKilledRuns(db: Session): Promise<void> {
  await db.query(sql`update run set status = 'interrupted' where status = 'running'`);
}

/** The latest runs, newest first. */
export function latestRuns(db: Session, limit: number): Promise<Run[]> {
  return db.query<Run>(sql`select ${columns} from run order by started_at desc, id desc limit ${limit}`);
}

/** The run whose id is `id` or, if only one is, begins with it. */
export async function findRun(db: Session, id: string): Promise<Run | null> {
  const found = await db.query<Run>(sql`
    select ${columns} from run where starts_with(id, ${id}) order by id = ${id} desc, id limit 2
  `);
  const [first] = found;
  return first !== undefined && (found.length === 1 || first.id === id) ? first : null;
}

/** The first run that took another one back, all of it; null: there is none. */
export async function completeUndoOf(db: Session, id: string): Promise<string | null> {
  const [undo] = await db.query<{ id: string }>(sql`
    select id from run
    where command = 'undo' and status = 'complete' and summary->>'undone' = ${id} and not summary->'undo' ? 'dryRun'
    order by started_at, id limit 1
  `);
  return undo?.id ?? null;
}

/** Runs of an archive that were killed or failed, and whose journals nobody has looked at since; the oldest first. */
export async function unfinishedRuns(
  db: Session,
  archiveId: number,
  commands: readonly string[],
): Promise<{ id: string; command: string }[]> {
  return db.query(sql`
    select id, command from run
    where command = any(${commands}::text[]) and archive_id = ${archiveId} and status in ('interrupted', 'failed')
      and coalesce(summary, 'null') = 'null'
    order by started_at, id
  `);
}

/** Says of a run that ended without numbers that what it did is known. */
export async function noteRecalled(db: Session, runId: string): Promise<void> {
  await db.query(sql`update run set summary = '{"recalled": true}' where id = ${runId}`);
}
