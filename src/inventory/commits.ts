import { type DedicatedSession, sql } from "./database.ts";

/**
 * Lets commits of this session return before they are on the disk. A power cut may then take back the
 * last half second of what a scan learned, never a part of a commit; the next scan learns it again.
 */
export async function relaxCommits(session: DedicatedSession): Promise<void> {
  await session.query(sql`set synchronous_commit = off`);
}
