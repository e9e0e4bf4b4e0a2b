import type { Hash, SourceName } from "../model/file.ts";
import type { PathText } from "../model/path.ts";
import { type Session, sql } from "./database.ts";
import { pathColumn } from "./files.ts";

export interface DuplicateTotals {
  /** Contents that stand more than once. */
  readonly groups: number;
  /** Surplus files: copies - 1 of each group. */
  readonly files: number;
  /** Their size in bytes. */
  readonly bytes: number;
}

/**
 * Counts duplicates among the given sources; hard links to one inode count once, junk not at all. Links from one source
 * to another count as copies: their numbers prove nothing, for two clones of a disk that were plugged in one after the
 * other have the same ones throughout.
 */
export async function duplicateTotals(db: Session, sourceIds: readonly number[]): Promise<DuplicateTotals> {
  const [totals] = await db.query<DuplicateTotals>(sql`
    with ours as not materialized (
      select hash, size, source_id, device, inode
      from file join folder on folder.id = file.folder_id
      where gone_at is null and not junk and hash is not null and source_id = any(${sourceIds}::int[])
    ), copied as (
      select max(size) as size, count(*) as copies
      from (
        select hash, size from ours where inode is null
        union all
        select hash, size from (select distinct hash, size, source_id, device, inode from ours where inode is not null)
          as linked
      ) as one_each
      group by hash
    )
    select count(*)::float8 as groups, coalesce(sum(copies - 1), 0)::float8 as files,
      coalesce(sum((copies - 1) * size), 0)::float8 as bytes
    from copied where copies > 1
  `);
  return totals ?? { groups: 0, files: 0, bytes: 0 };
}

/** A content that stands more than once among the sources. */
export interface DuplicateGroup {
  readonly hash: Hash;
  readonly size: number;
  /** Hard links to one inode count once. */
  readonly copies: number;
  /** (copies - 1) × size, in bytes. */
  readonly waste: number;
  readonly files: readonly DuplicateFile[];
  /** Below the archive's root; null if the archive does not hold it. */
  readonly entry: PathText | null;
}

export interface DuplicateFile {
  readonly sourceId: number;
  readonly source: SourceName;
  readonly path: PathText;
  /** Nanoseconds since 1970, in decimal. */
  readonly mtime: string;
}

/**
 * Groups of equal files, largest waste first.
 *
 * @param only Groups with at least one file in this source.
 */
export async function* duplicateGroups(
  db: Session,
  scope: { readonly sourceIds: readonly number[]; readonly archiveId: number | null },
  { only, minSize, limit }: { readonly only: number | null; readonly minSize: number; readonly limit: number | null },
): AsyncGenerator<DuplicateGroup[], void, undefined> {
  yield* db.stream<DuplicateGroup>(
    sql`
    with grouped as (
      select hash, max(size) as size,
        count(*) filter (where inode is null)
          + count(distinct (source_id, device, inode)) filter (where inode is not null) as copies
      from file join folder on folder.id = file.folder_id
      where gone_at is null and not junk and hash is not null and source_id = any(${scope.sourceIds}::int[])
        and size >= ${minSize}
      group by hash
      having count(*) > 1 and (${only}::int is null or bool_or(source_id = ${only}::int))
    ), largest as (
      select hash, size, copies, (copies - 1) * size as waste
      from grouped where copies > 1
      order by waste desc, hash limit ${limit}::bigint
    )
    select encode(largest.hash, 'hex') as hash, largest.size::float8 as size, copies::float8 as copies,
      waste::float8 as waste, entry_path.path as entry,
      (
        select jsonb_agg(jsonb_build_object('sourceId', source.id, 'source', source.name, 'path', ${pathColumn},
          'mtime', mtime::text) order by array_position(${scope.sourceIds}::int[], source.id), ${pathColumn})
        from file join folder on folder.id = file.folder_id join source on source.id = folder.source_id
        where file.hash = largest.hash and gone_at is null and not junk and source_id = any(${scope.sourceIds}::int[])
      ) as files
    from largest
    left join lateral (
      select ${pathColumn} as path
      from entry join file on file.id = entry.file_id join folder on folder.id = file.folder_id
      where archive_id = ${scope.archiveId}::int and entry.hash = largest.hash
    ) as entry_path on true
    order by waste desc, largest.hash
  `,
    200,
  );
}
