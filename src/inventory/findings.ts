import type { Hash, SourceName } from "../model/file.ts";
import type { PathText } from "../model/path.ts";
import type { EpochNs } from "../model/time.ts";
import { type DedicatedSession, type Query, type Session, sql } from "./database.ts";
import { pathColumn } from "./files.ts";

/** What a reading of a file of the archive came to that is not as recorded. */
export type FindingKind =
  /** Size and time are as recorded, the content is not. */
  | "damaged"
  /** Neither is. */
  | "edited"
  /** Size or time is not, the content is. */
  | "touched"
  /** It is not there. */
  | "missing"
  /** It cannot be read. */
  | "unreadable";

export interface Finding {
  readonly kind: FindingKind;
  /** Of the file's row. */
  readonly id: number;
  /** Below the archive's root. */
  readonly path: PathText;
  /** Bytes, as recorded. */
  readonly size: number;
  /** As recorded. */
  readonly modified: EpochNs;
  readonly isEntry: boolean;
  /** The recorded hash; null if nobody has read it before. */
  readonly expected: Hash | null;
  readonly actual: Hash | null;
  /** Files of sources that hold the recorded content, as the last scan saw them. */
  readonly copies: readonly GoodCopy[];
}

export interface GoodCopy {
  readonly source: SourceName;
  readonly path: PathText;
}

/** What readings say of the files of an archive. */
export interface Verdict {
  readonly findings: readonly Finding[];
  /** Ids of entries that were known to be damaged, and read as recorded now. */
  readonly healed: readonly number[];
}

/** Who read, and when. */
export interface Reading {
  readonly archiveId: number;
  readonly runId: string;
  readonly at: Date;
}

/** As many as help: a content may have thousands of copies. */
const mostCopies = 100;

const copiesColumn: Query = sql`
  coalesce((
    select jsonb_agg(jsonb_build_object('source', copy.source, 'path', copy.path) order by copy.rank, copy.path)
    from (
      select source.id as rank, source.name as source,
        case when there.path = '' then twin.name else there.path || '/' || twin.name end as path
      from file as twin join folder as there on there.id = twin.folder_id join source on source.id = there.source_id
      where twin.hash = file.hash and twin.gone_at is null and not twin.claimed and source.kind = 'source'
      limit ${mostCopies}
    ) as copy
  ), '[]')`;

const findingColumns: Query = sql`
  file.id::float8 as id, ${pathColumn} as path, file.size::float8 as size, file.mtime as modified,
  entry.file_id is not null as "isEntry", encode(file.hash, 'hex') as expected, ${copiesColumn} as copies`;

/**
 * Compares what was read with what is recorded, and remembers when each entry was read and what it gave. A file that
 * nobody had read before has its hash from now on. In one transaction.
 *
 * @param rows In binary: id, size, mtime, ctime, racy, head, hash.
 */
export async function recordReadings(
  session: DedicatedSession,
  rows: Iterable<Uint8Array>,
  { archiveId, runId, at }: Reading,
): Promise<Verdict> {
  return session.transaction(async (db) => {
    await db.query(sql`
      create temp table if not exists reading (
        id bigint, size bigint, mtime bigint, ctime bigint, racy boolean, head bytea, hash bytea
      )
    `);
    await db.query(sql`truncate reading`);
    await db.copyIn("reading (id, size, mtime, ctime, racy, head, hash)", rows, "binary");
    // Without it the planner expects more rows, and reads all of the inventory for each batch.
    await db.query(sql`analyze reading`);
    const findings = await db.query<Finding>(sql`
      select ${findingColumns}, encode(reading.hash, 'hex') as actual,
        case when reading.hash = file.hash then 'touched' when (reading.size, reading.mtime) = (file.size, file.mtime)
          then 'damaged' else 'edited' end as kind
      from reading join file using (id) join folder on folder.id = file.folder_id
      left join entry on entry.file_id = file.id
      where file.hash is not null and (reading.hash, reading.size, reading.mtime) <> (file.hash, file.size, file.mtime)
      order by folder.id, file.name
    `);
    const healed = await db.query<{ id: number }>(sql`
      select entry.file_id::float8 as id from entry join reading on reading.id = entry.file_id
      where damaged_hash is not null and reading.hash = entry.hash
    `);
    await db.query(sql`
      update entry set verified_at = ${at}, verified_run = ${runId},
        damaged_hash = case when reading.hash <> entry.hash then reading.hash end
      from reading where entry.file_id = reading.id and entry.archive_id = ${archiveId}
    `);
    await db.query(sql`
      update file set size = reading.size, mtime = reading.mtime, ctime = reading.ctime, racy = reading.racy,
        hash = reading.hash
      from reading where file.id = reading.id and file.hash is null
    `);
    return { findings, healed: healed.map(({ id }) => id) };
  });
}

/** What is known of files that could not be read, in folder order. */
export async function unreadFindings(db: Session, ids: readonly number[]): Promise<Omit<Finding, "kind" | "actual">[]> {
  return db.query(sql`
    select ${findingColumns}
    from file join folder on folder.id = file.folder_id
    left join entry on entry.file_id = file.id
    where file.id = any(${ids}::bigint[])
    order by folder.id, file.name
  `);
}

/** Remembers entries that gave nothing at all: their damaged hash is empty. */
export async function markLost(db: Session, ids: readonly number[]): Promise<void> {
  await db.query(sql`update entry set damaged_hash = '' where file_id = any(${ids}::bigint[])`);
}
