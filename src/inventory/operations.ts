import type { Captured } from "../model/evidence.ts";
import type { Hash, SourceName } from "../model/file.ts";
import type { PathText } from "../model/path.ts";
import type { EpochNs } from "../model/time.ts";
import { type Query, type Session, sql } from "./database.ts";

/** What the plan says about one file of a source. */
export interface FileRow {
  readonly id: number;
  readonly sourceId: number;
  readonly source: SourceName;
  readonly path: PathText;
  readonly size: number;
  readonly modified: EpochNs;
  readonly changed: EpochNs;
  readonly hash: Hash | null;
}

export const fileColumns: Query = sql`
  file.id::float8 as id, planned_source.source_id as "sourceId", planned_source.name as source,
  case when folder.path = '' then file.name else folder.path || '/' || file.name end as path,
  file.size::float8 as size, file.mtime as modified, file.ctime as changed,
  case when not file.claimed then encode(file.hash, 'hex') end as hash`;

/** A content that must be brought into the archive's layout. */
export interface NewEntryRow extends FileRow {
  readonly to: PathText;
  readonly because: string;
  /** Why the path differs from the one its layout says; "free" if it does not. */
  readonly placedBecause: string;
  readonly captured: Captured | null;
  /** Another path of the archive that holds the content already. */
  readonly existing: PathText | null;
}

/** New entries whose original lies in the given source, in folder order: as they are best read. */
export async function* newEntries(
  session: Session,
  archiveId: number,
  sourceId: number,
): AsyncGenerator<NewEntryRow[], void, undefined> {
  yield* session.stream<NewEntryRow>(sql`
    select ${fileColumns}, placement.path as "to", decision.because, placement.because as "placedBecause", captured,
      held.path as existing
    from placement
    join decision using (content)
    join file on file.id = original_id
    join folder on folder.id = file.folder_id
    join planned_source using (source_id)
    left join lateral (${archivePathOf(archiveId)}) as held on true
    where planned_source.source_id = ${sourceId}
    order by folder.id, file.name
  `);
}

/**
 * Any path of the archive that holds the content of `file`: by-source/ may have it where the entry was removed. A content
 * that is only claimed is copied instead, which tells what it is.
 */
function archivePathOf(archiveId: number): Query {
  return sql`
    select case when there.path = '' then twin.name else there.path || '/' || twin.name end as path
    from file as twin join folder as there on there.id = twin.folder_id
    where twin.hash = file.hash and not file.claimed and twin.gone_at is null and there.source_id = ${archiveId}
    order by twin.id limit 1`;
}

export interface EntryTotals {
  readonly copyFiles: number;
  readonly copyBytes: number;
  /** Entries that are made by a link, their content being in the archive under another path. */
  readonly linkFiles: number;
}

export async function entryTotals(session: Session, archiveId: number): Promise<EntryTotals> {
  const [totals] = await session.query<EntryTotals>(sql`
    select count(*) filter (where held.path is null)::float8 as "copyFiles",
      coalesce(sum(file.size) filter (where held.path is null), 0)::float8 as "copyBytes",
      count(held.path)::float8 as "linkFiles"
    from placement
    join decision using (content)
    join file on file.id = original_id
    left join lateral (${archivePathOf(archiveId)}) as held on true
  `);
  return totals ?? { copyFiles: 0, copyBytes: 0, linkFiles: 0 };
}

/** A file of a source, and what stands under its own path below by-source/. */
export interface MirrorRow extends FileRow {
  /** Entry of its content, as it is or as the plan places it. */
  readonly entry: PathText;
  /** Whether the archive holds the entry now. */
  readonly entryExists: boolean;
  /** "free", "same" (nothing to do), or "other": another content, or a folder, has the name. */
  readonly mirror: "free" | "same" | "other";
  /** The folder above it in its source, in whose place a file stands below by-source/; null as a rule. */
  readonly blocked: PathText | null;
}

/**
 * Files of the planned sources with their entries, in folder order, and whether each has its
 * hard link below by-source/ already. Junk is left out, and so is what has neither entry nor placement.
 * Needs {@link findMirrorObstacles}.
 *
 * @param show "missing": those without their link; "linked": those that have entry and link; "archived": an entry.
 */
export async function* mirrors(
  session: Session,
  archiveId: number,
  show: "missing" | "linked" | "archived",
): AsyncGenerator<MirrorRow[], void, undefined> {
  yield* session.stream<MirrorRow>(sql`
    with mirror_folder as materialized (
      select folder.id as folder_id, there.id as there_id
      from planned_source
      join folder using (source_id)
      join folder as there on there.source_id = ${archiveId}
        and path_key(there.path) = path_key(concat_ws('/', 'by-source', planned_source.name, nullif(folder.path, '')))
    ), listed as (
      select ${fileColumns}, file.folder_id, planned_source.rank,
        coalesce(entry_path.path, placement.path) as entry, entry_path.path is not null as "entryExists",
        case when link.hash = file.hash then 'same' when link.id is null and mirror_name_taken.name is null then 'free'
          else 'other' end as mirror, mirror_folder_taken.at as blocked
      from planned_source
      join folder using (source_id)
      join file on file.folder_id = folder.id
      left join entry on entry.archive_id = ${archiveId} and entry.hash = file.hash
      left join lateral (
        select case when at.path = '' then entry_file.name else at.path || '/' || entry_file.name end as path
        from file as entry_file join folder as at on at.id = entry_file.folder_id
        where entry_file.id = entry.file_id
      ) as entry_path on true
      left join newcomer on newcomer.file_id = file.id
      left join placement using (content)
      left join mirror_folder on mirror_folder.folder_id = file.folder_id
      left join file as link on link.folder_id = there_id and link.name = file.name and link.gone_at is null
      left join mirror_name_taken on mirror_name_taken.folder_id = file.folder_id and mirror_name_taken.name = file.name
      left join mirror_folder_taken on mirror_folder_taken.folder_id = file.folder_id
      where file.gone_at is null and not file.junk
    )
    select id, "sourceId", source, path, size, modified, changed, hash, entry, "entryExists", mirror, blocked
    from listed
    where entry is not null and case ${show}::text
      when 'missing' then mirror <> 'same' when 'linked' then mirror = 'same' and "entryExists" else "entryExists" end
    order by rank, folder_id, path
  `);
}

/** Which of the given paths below the archive's root hold which content; paths where nothing stands are left out. */
export function hashesAt(
  session: Session,
  archiveId: number,
  paths: readonly { readonly folder: PathText; readonly name: PathText }[],
): Promise<{ folder: PathText; name: PathText; hash: Hash | null }[]> {
  return session.query(sql`
    select asked.folder, asked.name, encode(hash, 'hex') as hash
    from unnest(${paths.map(({ folder }) => folder)}::text[], ${paths.map(({ name }) => name)}::text[]) as asked (folder, name)
    join folder on source_id = ${archiveId} and path_key(folder.path) = path_key(asked.folder)
    join file on file.folder_id = folder.id and file.name = asked.name and gone_at is null
  `);
}

/** Junk of the planned sources: listed, never archived. */
export async function* junkFiles(session: Session): AsyncGenerator<FileRow[], void, undefined> {
  yield* session.stream<FileRow>(sql`
    select ${fileColumns}
    from planned_source
    join folder using (source_id)
    join file on file.folder_id = folder.id
    where gone_at is null and junk
    order by rank, folder.id, file.name
  `);
}
