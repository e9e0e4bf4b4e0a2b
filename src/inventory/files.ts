import type { PathText } from "../model/path.ts";
import type { EpochNs } from "../model/time.ts";
import { type Query, type Session, sql } from "./database.ts";

/** The path of a file below the root of its source, from its folder and its name. */
export const pathColumn: Query = sql`case when folder.path = '' then file.name else folder.path || '/' || file.name end`;

/** A file as it was last seen, for whoever must find it on the disk. */
export interface Located {
  readonly id: number;
  readonly sourceId: number;
  readonly path: PathText;
  readonly size: number;
  readonly modified: EpochNs;
}

/** Where files lie, by the ids of their rows. */
export function placesOf(db: Session, ids: readonly number[]): Promise<Located[]> {
  return db.query<Located>(sql`
    select file.id::float8 as id, source_id as "sourceId", ${pathColumn} as path, size::float8 as size, mtime as modified
    from file join folder on folder.id = file.folder_id
    where file.id = any(${ids}::bigint[])
  `);
}
