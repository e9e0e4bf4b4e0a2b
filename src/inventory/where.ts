import type { Hash, SourceName } from "../model/file.ts";
import type { PathText } from "../model/path.ts";
import type { EpochNs } from "../model/time.ts";
import { type Session, sql } from "./database.ts";
import { pathColumn } from "./files.ts";

/** A content and one of the files that hold it. */
export interface HeldFile {
  readonly source: SourceName;
  readonly kind: "source" | "archive";
  readonly path: PathText;
  readonly modified: EpochNs;
}

export interface WhereFound {
  readonly hash: Hash;
  readonly size: number;
  readonly files: readonly HeldFile[];
  /** Below the archive's root; null if the archive does not hold it. */
  readonly entry: PathText | null;
}

/** What the inventory knows of the file at an absolute path. */
export async function fileAt(
  db: Session,
  root: PathText,
  folder: PathText,
  name: PathText,
): Promise<{ hash: Hash | null; size: number } | null> {
  const [file] = await db.query<{ hash: Hash | null; size: number }>(sql`
    select encode(hash, 'hex') as hash, size::float8 as size
    from source
    join folder on folder.source_id = source.id and path_key(folder.path) = path_key(${folder})
    join file on file.folder_id = folder.id and file.name = ${name} and gone_at is null
    where source.root = ${root}
  `);
  return file ?? null;
}

/** Every place of a content, the archive's last. */
export async function placesOfContent(db: Session, archiveId: number | null, hash: string): Promise<WhereFound | null> {
  const files = await db.query<HeldFile & { size: number }>(sql`
    select source.name as source, kind, ${pathColumn} as path, mtime as modified, size::float8 as size
    from file join folder on folder.id = file.folder_id join source on source.id = folder.source_id
    where hash = decode(${hash}, 'hex') and gone_at is null
      and (kind = 'source' or source_id = ${archiveId}::int)
    order by kind desc, source.id, folder.path, file.name
  `);
  const [first] = files;
  if (first === undefined) return null;
  const [entry] = await db.query<{ path: PathText }>(sql`
    select ${pathColumn} as path
    from entry join file on file.id = entry.file_id join folder on folder.id = file.folder_id
    where archive_id = ${archiveId}::int and entry.hash = decode(${hash}, 'hex')
  `);
  return {
    hash: hash as Hash,
    size: first.size,
    files: files.map(({ source, kind, path, modified }) => ({ source, kind, path, modified })),
    entry: entry?.path ?? null,
  };
}
