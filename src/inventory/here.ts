import type { PathText } from "../model/path.ts";
import type { EpochNs } from "../model/time.ts";
import { copyText } from "./copy-text.ts";
import { type DedicatedSession, type Query, type Session, sql } from "./database.ts";
import { walkColumns } from "./seen.ts";

/**
 * What a walk sees in this moment, in tables of one session: the rows of the inventory stay as the last scan left them.
 *
 * `here` has a row for every ordinary file; `code` says why it is not covered, `hash` what its content is as far as that
 * can be relied on, `entry_id` the file of the archive that holds it. `beside` has what is no ordinary file.
 */
export async function beginHere(session: DedicatedSession): Promise<void> {
  await session.query(sql`create temp table here_folder (number bigint primary key, path text collate "C")`);
  await session.query(sql`
    create temp table here (
      id bigint generated always as identity primary key,
      folder_number bigint, name text collate "C", size bigint, mtime bigint, ctime bigint,
      device bigint, inode bigint, junk boolean, racy boolean,
      code text, recorded bytea, hash bytea, to_read boolean not null default false, entry_id bigint
    )
  `);
  await session.query(sql`create temp table beside (path text collate "C", code text)`);
}

/** A part of a walk; rows as {@link walkColumns} tells. */
export interface HereBatch {
  readonly folders: readonly { readonly number: number; readonly path: PathText }[];
  readonly rows: Uint8Array;
  readonly beside: readonly { readonly path: PathText; readonly code: string }[];
}

export async function addHere(session: DedicatedSession, { folders, rows, beside }: HereBatch): Promise<void> {
  await session.query(sql`
    insert into here_folder
    select * from unnest(${folders.map(({ number }) => number)}::bigint[], ${folders.map(({ path }) => path)}::text[])
  `);
  await session.copyIn(`here (folder_number, ${walkColumns})`, [rows], "binary");
  if (beside.length > 0) {
    await session.copyIn("beside (path, code)", [copyText(beside.map(({ path, code }) => [path, code]))]);
  }
}

/** The path of a file that is here, below the root of the walk. */
export const herePath: Query = sql`
  case when here_folder.path = '' then here.name else here_folder.path || '/' || here.name end`;

/** Files whose content must be read to be known. */
export interface HereFile {
  readonly id: number;
  readonly path: PathText;
  readonly size: number;
  readonly modified: EpochNs;
}

export async function* hereToRead(session: Session): AsyncGenerator<HereFile[], void, undefined> {
  yield* session.stream<HereFile>(sql`
    select here.id::float8 as id, ${herePath} as path, size::float8 as size, mtime as modified
    from here join here_folder on number = folder_number
    where to_read
    order by folder_number, name
  `);
}

/**
 * Notes what reading gave. A file that is as it was recorded, but for its content, is a file that rots.
 *
 * @param rows In binary: id, size, mtime, ctime, racy, head, hash.
 */
export async function noteHashes(session: Session, rows: Iterable<Uint8Array>): Promise<void> {
  await session.query(sql`
    create temp table if not exists here_read (
      id bigint, size bigint, mtime bigint, ctime bigint, racy boolean, head bytea, hash bytea
    )
  `);
  await session.query(sql`truncate here_read`);
  await session.copyIn("here_read (id, size, mtime, ctime, racy, head, hash)", rows, "binary");
  await session.query(sql`analyze here_read`);
  await session.query(sql`
    update here set hash = here_read.hash,
      code = case when (here_read.size, here_read.mtime) <> (here.size, here.mtime) then 'CHANGED_WHILE_READ'
        when here.recorded <> here_read.hash then 'CONTENT_CHANGED' end
    from here_read where here.id = here_read.id
  `);
}

export async function noteUnreadable(
  session: Session,
  unreadable: readonly { readonly id: number; readonly code: string }[],
): Promise<void> {
  await session.query(sql`
    update here set code = given.code
    from unnest(${unreadable.map(({ id }) => id)}::bigint[], ${unreadable.map(({ code }) => code)}::text[])
      as given (id, code)
    where here.id = given.id
  `);
}
