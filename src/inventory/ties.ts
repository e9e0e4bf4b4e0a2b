import type { DateCandidate, Evidence } from "../model/evidence.ts";
import type { PathText } from "../model/path.ts";
import type { EpochNs } from "../model/time.ts";
import { copyText } from "./copy-text.ts";
import { type DedicatedSession, type Session, sql } from "./database.ts";

/** A file as its neighbours in the folder see it. */
export interface Neighbour {
  readonly id: number;
  readonly folderId: number;
  readonly name: PathText;
  readonly modified: EpochNs;
  readonly evidence: Evidence | null;
}

export interface TieRow {
  readonly member: number;
  readonly main: number;
  readonly role: string;
}

/** All files of every folder in which a newcomer lies: whole folders after each other, by name. */
export async function* foldersOfNewcomers(session: Session): AsyncGenerator<Neighbour[], void, undefined> {
  yield* session.stream<Neighbour>(sql`
    select file.id::float8 as id, file.folder_id::float8 as "folderId", name, mtime as modified,
      coalesce(own.facts, pooled.facts, held.facts) as evidence
    from file
    left join evidence as own on own.file_id = file.id
    left join newcomer on newcomer.file_id = file.id
    left join content_evidence using (content)
    left join evidence as pooled on pooled.file_id = evidence_file_id
    left join lateral (
      select facts from file as twin join evidence on evidence.file_id = twin.id
      where newcomer.file_id is null and own.file_id is null and twin.hash = file.hash
      limit 1
    ) as held on true
    where gone_at is null and not junk and file.folder_id in (select folder_id from newcomer)
    order by file.folder_id, name
  `);
}

export async function beginTies(session: DedicatedSession): Promise<void> {
  await session.query(sql`create temp table tie (member_id bigint primary key, main_id bigint, role text)`);
  await session.query(sql`create temp table guess (file_id bigint primary key, lent jsonb, sibling jsonb)`);
}

/** What the company a file keeps says about its date. */
export interface Guess {
  readonly id: number;
  /** Evidence of the files that belong to it. */
  readonly lent: readonly Evidence[];
  /** A month guessed from its neighbours. */
  readonly sibling: DateCandidate | null;
}

/** Adds what was found in a folder. The session that streams the folders may go on with it. */
export async function addTies(session: Session, ties: readonly TieRow[], guesses: readonly Guess[]): Promise<void> {
  if (ties.length > 0) {
    const rows = ties.map(({ member, main, role }) => [member, main, role]);
    await session.copyIn("tie (member_id, main_id, role)", [copyText(rows)]);
  }
  if (guesses.length > 0) {
    const rows = guesses.map(({ id, lent, sibling }) => [id, lent, sibling === null ? null : { ...sibling }]);
    await session.copyIn("guess (file_id, lent, sibling)", [copyText(rows)]);
  }
}

export async function endTies(session: DedicatedSession): Promise<void> {
  await session.query(sql`create index on tie (main_id)`);
  await session.query(sql`analyze tie`);
  await session.query(sql`analyze guess`);
}
