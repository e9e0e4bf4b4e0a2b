import type { Problem } from "../model/operation.ts";
import { type Session, sql } from "./database.ts";

/** Adds what went wrong in a run; the list belongs to the run for as long as the inventory lives. */
export async function addProblems(db: Session, runId: string, problems: readonly Problem[]): Promise<void> {
  if (problems.length === 0) return;
  await db.query(sql`
    insert into problem (run_id, source, path, code, message)
    select ${runId}, * from unnest(
      ${problems.map(({ source }) => source)}::text[], ${problems.map(({ path }) => path)}::text[],
      ${problems.map(({ code }) => code)}::text[], ${problems.map(({ message }) => message)}::text[])
  `);
}

/** The problems of a run, in the order of their places. */
export async function* problemsOf(db: Session, runId: string): AsyncGenerator<Problem[]> {
  yield* db.stream<Problem>(sql`
    select source, path, code, message from problem where run_id = ${runId} order by source, path, id
  `);
}

/** How many problems a run has of each code. */
export async function countProblems(db: Session, runId: string): Promise<ReadonlyMap<string, number>> {
  const rows = await db.query<{ code: string; count: number }>(sql`
    select code, count(*)::int4 as count from problem where run_id = ${runId} group by code
  `);
  return new Map(rows.map(({ code, count }) => [code, count]));
}
