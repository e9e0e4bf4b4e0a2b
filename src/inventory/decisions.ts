import type { Captured, DateCandidate, Evidence } from "../model/evidence.ts";
import type { SourceName } from "../model/file.ts";
import type { PathText } from "../model/path.ts";
import type { EpochNs } from "../model/time.ts";
import { copyText } from "./copy-text.ts";
import { type DedicatedSession, type Session, sql } from "./database.ts";

/** One copy of a content that the archive does not hold yet, with all that is known of it. */
export interface CopyRow {
  /** Hex digits that name the content within this plan. */
  readonly content: string;
  readonly id: number;
  readonly source: SourceName;
  /** Position of its source in the config; 1 is trusted most. */
  readonly rank: number;
  readonly path: PathText;
  readonly modified: EpochNs;
  readonly embedded: Evidence | null;
  /** Of the files beside it that belong to it. */
  readonly sidecars: readonly Evidence[] | null;
  /** A month guessed from its neighbours. */
  readonly sibling: DateCandidate | null;
}

/** Every copy of every newcomer's content; the copies of one content follow each other. */
export async function* copiesByContent(session: Session): AsyncGenerator<CopyRow[], void, undefined> {
  yield* session.stream<CopyRow>(sql`
    select encode(content, 'hex') as content, file.id::float8 as id, planned_source.name as source, newcomer.rank,
      case when folder.path = '' then file.name else folder.path || '/' || file.name end as path,
      file.mtime as modified, evidence.facts as embedded,
      guess.lent as sidecars, guess.sibling
    from newcomer
    join file on file.id = newcomer.file_id
    join folder on folder.id = file.folder_id
    join planned_source using (source_id)
    left join content_evidence using (content)
    left join evidence on evidence.file_id = evidence_file_id
    left join guess on guess.file_id = file.id
    order by newcomer.content, newcomer.rank, file.id
  `);
}

/** What was decided about one content: its original, its date, and where it would like to be. */
export interface Decision {
  readonly content: string;
  readonly original: number;
  readonly because: string;
  readonly captured: Captured | null;
  /** Path below the archive's root by the layout of its own category. */
  readonly path: PathText;
}

export async function beginDecisions(session: DedicatedSession): Promise<void> {
  await session.query(sql`
    create temp table decision (
      content bytea, original_id bigint, because text, captured jsonb, path text collate "C",
      main_content bytea, main_path text collate "C", main_hash bytea, main_name text collate "C"
    )
  `);
}

export async function addDecisions(session: Session, decisions: readonly Decision[]): Promise<void> {
  const rows = decisions.map(({ content, original, because, captured, path }) => [
    `\\x${content}`,
    original,
    because,
    captured === null ? null : { ...captured },
    path,
  ]);
  await session.copyIn("decision (content, original_id, because, captured, path)", [copyText(rows)]);
}

/**
 * Ties contents to the content whose company they keep: that of the main file beside their
 * original. `main_path` tells where a main is that the archive holds already.
 */
export async function endDecisions(session: DedicatedSession, archiveId: number): Promise<void> {
  await session.query(sql`create unique index on decision (content)`);
  await session.query(sql`analyze decision`);
  await session.query(sql`
    update decision set main_content = newcomer.content, main_name = main.name, main_hash = main.hash,
      main_path = case when entry_folder.path = '' then entry_file.name
        else entry_folder.path || '/' || entry_file.name end
    from tie
    join file as main on main.id = tie.main_id
    left join newcomer on newcomer.file_id = tie.main_id
    left join entry on entry.archive_id = ${archiveId} and entry.hash = main.hash
    left join file as entry_file on entry_file.id = entry.file_id
    left join folder as entry_folder on entry_folder.id = entry_file.folder_id
    where tie.member_id = decision.original_id
      and (entry_file.id is not null or newcomer.content is distinct from decision.content)
  `);
  // A main that is itself somebody's member passes its company on; whoever is left without one stands alone.
  for (let depth = 0; depth < 3; depth++) {
    await session.query(sql`
      update decision set main_content = main.main_content, main_path = main.main_path
      from decision as main
      where main.content = decision.main_content and decision.main_path is null
        and (main.main_content is not null or main.main_path is not null)
        and main.main_content is distinct from decision.content
    `);
  }
  await session.query(sql`
    update decision set main_content = null
    from decision as main
    where main.content = decision.main_content and decision.main_path is null and main.main_content is not null
  `);
  await session.query(sql`create index on decision (main_content)`);
}
