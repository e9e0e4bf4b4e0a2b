import type { Hash } from "../model/file.ts";
import type { PathText } from "../model/path.ts";
import { copyText } from "./copy-text.ts";
import { type DedicatedSession, type Session, sql } from "./database.ts";

/** A content that wants its place in the archive. */
export interface Candidate {
  readonly content: string;
  /** Id of the original's row. */
  readonly original: number;
  readonly hash: Hash | null;
  /** Name of the original. */
  readonly name: PathText;
  /** Where its own layout would put it. */
  readonly path: PathText;
  /** The content whose company it keeps, if that is placed by the same plan. */
  readonly mainContent: string | null;
  /** Name of the main file beside the original; null if it stands alone. */
  readonly mainName: PathText | null;
  /** Entry of the main file, if the archive holds it already. */
  readonly mainPath: PathText | null;
}

/**
 * What wants a place, in an order made of facts alone: contents that stand alone or have
 * company first by date, then by trust and path; each followed by those that keep it company.
 */
export async function* wantedPlaces(session: Session): AsyncGenerator<Candidate[], void, undefined> {
  yield* session.stream<Candidate>(sql`
    with lead as (
      select coalesce(main.content, decision.content) as lead_content, decision.*,
        main.content is not null as follows
      from decision left join decision as main on main.content = decision.main_content
    ), placed as (
      select lead.*, first.captured ->> 'at' as lead_at, newcomer.rank as lead_rank,
        case when folder.path = '' then file.name else folder.path || '/' || file.name end as lead_path
      from lead
      join decision as first on first.content = lead_content
      join newcomer on newcomer.file_id = first.original_id
      join file on file.id = first.original_id
      join folder on folder.id = file.folder_id
    )
    select encode(placed.content, 'hex') as content, original_id::float8 as original,
      case when not file.claimed then encode(file.hash, 'hex') end as hash, file.name, path,
      case when follows then encode(main_content, 'hex') end as "mainContent",
      main_name as "mainName", main_path as "mainPath"
    from placed join file on file.id = original_id
    order by lead_at nulls last, lead_rank, lead_path, lead_content, follows, file.name, original_id
  `);
}

/** What stands at a folded path of the archive. */
export interface OccupantRow {
  readonly folded: string;
  readonly kind: "file" | "folder";
  readonly path: PathText;
  /** Of a folder that the inventory has a row for: its id. */
  readonly folderId: number | null;
}

/** Folders of the archive's layout that exist. */
export async function* archiveFolders(
  session: Session,
  archiveId: number,
): AsyncGenerator<{ id: number; path: PathText }[], void, undefined> {
  yield* session.stream<{ id: number; path: PathText }>(sql`
    select id::float8 as id, path from folder
    where source_id = ${archiveId} and path <> 'by-source' and not starts_with(path, 'by-source/')
      and exists (select from file where folder_id = folder.id and gone_at is null)
  `);
}

/** Names of the files in some folders. */
export async function* namesIn(
  session: Session,
  folderIds: readonly number[],
): AsyncGenerator<{ folderId: number; name: PathText }[], void, undefined> {
  yield* session.stream<{ folderId: number; name: PathText }>(sql`
    select folder_id::float8 as "folderId", name from file
    where folder_id = any(${folderIds}::bigint[]) and gone_at is null
  `);
}

export async function beginPlacements(session: DedicatedSession): Promise<void> {
  await session.query(
    sql`create temp table occupant (folded text collate "C", kind text, path text collate "C", folder_id bigint)`,
  );
  await session.query(sql`create index on occupant using hash (folded)`);
  await session.query(sql`
    create temp table placement (content bytea primary key, path text collate "C", because text)
  `);
}

export async function addOccupants(session: Session, occupants: readonly OccupantRow[]): Promise<void> {
  if (occupants.length === 0) return;
  const rows = occupants.map(({ folded, kind, path, folderId }) => [folded, kind, path, folderId]);
  await session.copyIn("occupant (folded, kind, path, folder_id)", [copyText(rows)]);
}

/** What stands at some of the given folded paths. */
export function occupantsAt(session: Session, folded: readonly string[]): Promise<OccupantRow[]> {
  // A plain join would read the whole table, which has no statistics, for each question.
  return session.query<OccupantRow>(sql`
    select there.* from unnest(${folded}::text[]) as asked (folded)
    cross join lateral (
      select occupant.folded, kind, path, folder_id::float8 as "folderId" from occupant
      where occupant.folded = asked.folded offset 0
    ) as there
  `);
}

export interface Placement {
  readonly content: string;
  readonly path: PathText;
  readonly because: string;
}

export async function addPlacements(session: Session, placements: readonly Placement[]): Promise<void> {
  const rows = placements.map(({ content, path, because }) => [`\\x${content}`, path, because]);
  await session.copyIn("placement (content, path, because)", [copyText(rows)]);
}

/** Hash of a file, if it is known by now. */
export async function hashOfFile(session: Session, id: number): Promise<Hash | null> {
  const [row] = await session.query<{ hash: Hash | null }>(sql`
    select encode(hash, 'hex') as hash from file where id = ${id}
  `);
  return row?.hash ?? null;
}
