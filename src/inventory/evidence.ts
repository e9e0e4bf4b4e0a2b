import type { Evidence } from "../model/evidence.ts";
import type { SourceName } from "../model/file.ts";
import type { PathText } from "../model/path.ts";
import { copyText } from "./copy-text.ts";
import { type DedicatedSession, type Session, sql } from "./database.ts";

/** One file whose bytes may say when a content was captured. */
export interface Undated {
  readonly id: number;
  readonly source: SourceName;
  /** Below the root of its source. */
  readonly path: PathText;
  readonly name: PathText;
  readonly size: number;
}

/**
 * Newcomers whose evidence nobody has read: one file a content, of the source trusted most; files beside
 * photos that describe them among them. In folder order.
 *
 * @param extensions Lower case, without the dot.
 * @param maxSidecarBytes Larger files of a sidecar's kind are something else.
 */
export async function* undatedContents(
  session: Session,
  extensions: { readonly media: readonly string[]; readonly sidecars: readonly string[] },
  maxSidecarBytes: number,
): AsyncGenerator<Undated[], void, undefined> {
  yield* session.stream<Undated>(sql`
    with kind as materialized (
      select newcomer.*, lower(substring(name from '[.]([^.]+)$')) as extension
      from newcomer join file on file.id = file_id
    ), media_folder as materialized (
      select distinct folder_id from kind where extension = any(${extensions.media}::text[])
    ), chosen as (
      select distinct on (content) file_id, extension
      from kind
      where (extension = any(${extensions.media}::text[])
          or (extension = any(${extensions.sidecars}::text[]) and folder_id in (select folder_id from media_folder)))
        and not exists (
          select from newcomer as twin join evidence on evidence.file_id = twin.file_id
          where twin.content = kind.content)
      order by content, rank, file_id
    )
    select file.id::float8 as id, planned_source.name as source, file.name, file.size::float8 as size,
      case when folder.path = '' then file.name else folder.path || '/' || file.name end as path
    from chosen
    join file on file.id = file_id
    join folder on folder.id = file.folder_id
    join planned_source using (source_id)
    where file.size > 0 and (extension = any(${extensions.media}::text[]) or file.size <= ${maxSidecarBytes})
    order by folder.id, file.name
  `);
}

/** Keeps what was read; what was known of the same files before is replaced. */
export async function recordEvidence(
  session: DedicatedSession,
  found: readonly { readonly id: number; readonly evidence: Evidence }[],
): Promise<void> {
  if (found.length === 0) return;
  await session.transaction(async (db) => {
    await db.query(sql`create temp table read_evidence (file_id bigint, facts jsonb) on commit drop`);
    await db.copyIn("read_evidence (file_id, facts)", [
      copyText(found.map(({ id, evidence }) => [id, { ...evidence }])),
    ]);
    await db.query(sql`
      insert into evidence (file_id, facts) select file_id, facts from read_evidence
      on conflict (file_id) do update set facts = excluded.facts
    `);
  });
}

/** Lets every newcomer see what was read of any copy of its content. Call it when all evidence is in. */
export async function poolEvidence(session: DedicatedSession): Promise<void> {
  await session.query(sql`
    create temp table content_evidence as
    select distinct on (content) content, file_id as evidence_file_id
    from newcomer join evidence using (file_id)
    order by content, file_id
  `);
  await session.query(sql`create unique index on content_evidence (content)`);
  await session.query(sql`analyze content_evidence`);
}
