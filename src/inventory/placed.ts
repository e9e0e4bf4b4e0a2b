import type { Hash } from "../model/file.ts";
import type { ArchivedFile, CopyOperation } from "../model/operation.ts";
import { folderOf, nameOf } from "../model/path.ts";
import { copyText } from "./copy-text.ts";
import { type DedicatedSession, type Query, type Session, sql } from "./database.ts";

/** A path of the archive that holds a content now, as a run left it. */
export interface Placed {
  readonly archived: ArchivedFile;
  readonly hash: Hash;
  readonly head: string | null;
  /** Whether this path is the content's entry; what is known of its capture; and the run that copied it, if one did. */
  readonly entry: { readonly captured: CopyOperation["captured"] | null; readonly run: string | null } | null;
}

/** A file of a source as it was while it was copied. */
export interface ReadSource {
  readonly id: number;
  readonly hash: Hash;
  readonly head: string | null;
  /** Changed within seconds of the reading: to be hashed again by the next scan. */
  readonly racy: boolean;
}

/**
 * Tells the inventory what a run has placed, in one transaction. Call it after the barrier
 * that makes the files durable, never before. Recording the same twice changes nothing.
 */
export async function recordPlaced(
  session: DedicatedSession,
  { archiveId, inodesTrusted }: { readonly archiveId: number; readonly inodesTrusted: boolean },
  placed: readonly Placed[],
  read: readonly ReadSource[],
): Promise<void> {
  await session.transaction(async (db) => {
    await db.query(sql`
      create temp table if not exists placed_now (
        folder text collate "C", name text collate "C", size bigint, mtime bigint, ctime bigint, inode bigint,
        head bytea, hash bytea, is_entry boolean, captured jsonb, run_id text
      )
    `);
    await db.query(sql`create temp table if not exists read_now (id bigint, head bytea, hash bytea, racy boolean)`);
    await db.query(sql`truncate placed_now, read_now`);
    await db.copyIn("placed_now (folder, name, size, mtime, ctime, inode, head, hash, is_entry, captured, run_id)", [
      copyText(placed.map((one) => placedRow(one, inodesTrusted))),
    ]);
    // Else it is taken for a large table, and joined by reading all folders and files there are.
    await db.query(sql`analyze placed_now (folder, name)`);
    await db.copyIn("read_now (id, head, hash, racy)", [
      copyText(read.map(({ id, head, hash, racy }) => [id, bytea(head), bytea(hash), racy])),
    ]);
    await db.query(sql`
      update file set hash = read_now.hash, head = coalesce(read_now.head, file.head), racy = read_now.racy,
        claimed = false
      from read_now where file.id = read_now.id
    `);
    await db.query(sql`
      insert into folder (source_id, path) select distinct ${archiveId}::int, folder from placed_now on conflict do nothing
    `);
    await db.query(sql`
      insert into file (folder_id, name, size, mtime, ctime, device, inode, junk, head, hash)
      select distinct on (folder.id, placed_now.name) folder.id, placed_now.name, size, mtime, ctime,
        case when inode is not null then 0 end, inode, false, head, hash
      from placed_now cross join lateral (${folderOfPlaced(archiveId)}) as folder
      on conflict (folder_id, name) do update set size = excluded.size, mtime = excluded.mtime, ctime = excluded.ctime,
        device = excluded.device, inode = excluded.inode, head = excluded.head, hash = excluded.hash, racy = false,
        gone_at = null
    `);
    await db.query(sql`
      insert into entry (archive_id, hash, file_id, captured, run_id)
      select distinct on (placed_now.hash) ${archiveId}::int, placed_now.hash, file.id, captured, run_id
      from placed_now
      cross join lateral (${folderOfPlaced(archiveId)}) as folder
      join file on file.folder_id = folder.id and file.name = placed_now.name
      where is_entry
      on conflict do nothing
    `);
  });
}

/** One by one, by index: else all folders of the archive are read for each batch. */
function folderOfPlaced(archiveId: number): Query {
  return sql`select id from folder where source_id = ${archiveId} and path_key(path) = path_key(placed_now.folder) offset 0`;
}

function placedRow({ archived, hash, head, entry }: Placed, inodesTrusted: boolean) {
  const { path, size, modified, changed, inode } = archived;
  const kept = inodesTrusted ? BigInt.asIntN(64, inode) : null;
  const captured = entry?.captured ?? null;
  return [
    folderOf(path),
    nameOf(path),
    size,
    modified,
    changed,
    kept,
    bytea(head),
    bytea(hash),
    entry !== null,
    captured === null ? null : { ...captured },
    entry?.run ?? null,
  ];
}

function bytea(hex: string | null): string | null {
  return hex === null ? null : `\\x${hex}`;
}

/**
 * Where the archive holds each of the given contents: at its entry, or, where it has none, at any
 * other path. Contents it does not hold are left out.
 */
export async function heldContents(
  session: Session,
  archiveId: number,
  hashes: readonly Hash[],
): Promise<{ hash: Hash; file: ArchivedFile }[]> {
  // One by one, by index: the planner, whose numbers are from before the run, would rather read all hashes there are.
  const rows = await session.query<ArchivedFile & { hash: Hash }>(sql`
    select encode(asked.hash, 'hex') as hash, held.*
    from (select distinct decode(given, 'hex') as hash from unnest(${hashes}::text[]) as given) as asked
    cross join lateral (
      select case when folder.path = '' then file.name else folder.path || '/' || file.name end as path,
        file.size::float8 as size, file.mtime as modified, file.ctime as changed,
        coalesce(file.device, 0) as device, coalesce(file.inode, 0) as inode
      from file
      cross join lateral (select path, source_id from folder where id = file.folder_id offset 0) as folder
      left join entry on entry.file_id = file.id
      where file.hash = asked.hash and file.gone_at is null and source_id = ${archiveId}
      order by entry.file_id nulls last, file.id limit 1
    ) as held
  `);
  return rows.map(({ hash, ...file }) => ({ hash, file }));
}
