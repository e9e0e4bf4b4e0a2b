import { type Session, sql } from "./database.ts";

/**
 * Tells the planner what the tables hold. The server does so by itself, but minutes too late: a first
 * scan fills empty tables, and plans made for empty tables took ten times as long (100,000 files, 39 s for 4).
 */
export async function refreshStatistics(session: Session): Promise<void> {
  await session.query(sql`analyze folder`);
  // Names are long, and looked up by a unique index only.
  await session.query(sql`analyze file (id, folder_id, size, head, hash, device, inode, gone_at)`);
}

/** The same after many files were read: as far as the planner knew, none had a head, nor most of them a hash. */
export async function refreshHashStatistics(session: Session): Promise<void> {
  await session.query(sql`analyze file (head, hash)`);
}
