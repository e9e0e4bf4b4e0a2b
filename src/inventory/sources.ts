import type { SourceName } from "../model/file.ts";
import type { PathText } from "../model/path.ts";
import type { EpochNs } from "../model/time.ts";
import { type Session, sql } from "./database.ts";

/** The file system below a root, as /proc/self/mountinfo names it. */
export interface MountedAs {
  readonly point: string;
  readonly type: string;
  readonly source: string;
}

/** A source or the archive, as the inventory knows it. */
export interface KnownSource {
  readonly id: number;
  readonly name: SourceName;
  readonly root: PathText;
  /** What was mounted when it was last scanned; null before its first scan. */
  readonly mount: MountedAs | null;
  /** Of an archive: the id of the marker that was last seen in it. */
  readonly marker: string | null;
  /** Whether a scan has ever seen all of it. */
  readonly scanned: boolean;
  /** Whether the last scan has. */
  readonly scannedWhole: boolean;
}

/** Where a file was last seen, below the root of its source, and how. */
export interface SomeFile {
  readonly path: PathText;
  readonly size: number;
  readonly modified: EpochNs;
}

interface Row {
  id: number;
  name: SourceName;
  root: PathText;
  point: string | null;
  type: string | null;
  source: string | null;
  marker: string | null;
  scanned: boolean;
  scannedWhole: boolean;
}

const columns = sql`
  id, name, root, mount_point as point, mount_type as type, mount_source as source, marker,
  scanned_at is not null as scanned,
  coalesce(scanned_at >= coalesce(scan_begun_at, scanned_at), false) as "scannedWhole"`;

/**
 * Makes a source known by its name. A source that lies elsewhere now is still the same
 * source: its files are recognised by path, size and times.
 */
export async function knowSource(db: Session, name: SourceName, root: PathText): Promise<KnownSource> {
  const rows = await db.query<Row>(sql`
    insert into source (kind, name, root) values ('source', ${name}, ${root})
    on conflict (name) where kind = 'source' do update set root = excluded.root, used_at = now()
    returning ${columns}
  `);
  return known(rows);
}

/**
 * Makes an archive known: by the marker in it, so that it may be mounted elsewhere; by its
 * root as long as it has none.
 */
export async function knowArchive(db: Session, root: PathText, marker: string | null): Promise<KnownSource> {
  const moved = await db.query<Row>(sql`
    update source set root = ${root}, marker = coalesce(${marker}::text, marker), used_at = now()
    where id = (
      select id from source
      where kind = 'archive' and (marker = ${marker}::text or (root = ${root} and (marker is null or ${marker}::text is null)))
      order by marker is null limit 1
    )
    returning ${columns}
  `);
  if (moved.length > 0) return known(moved);
  // Another archive was here before: it keeps its rows, but not the place.
  await db.query(sql`
    update source set root = root || ' (' || id || ', replaced)' where kind = 'archive' and root = ${root}
  `);
  return known(
    await db.query<Row>(sql`
      insert into source (kind, name, root, marker) values ('archive', 'archive', ${root}, ${marker})
      returning ${columns}
    `),
  );
}

/** Some files of a source as they were last seen, chosen by chance. Reads every row of the source: a second a million. */
export function someFiles(db: Session, sourceId: number, most: number): Promise<SomeFile[]> {
  return db.query<SomeFile>(sql`
    select case when folder.path = '' then file.name else folder.path || '/' || file.name end as path,
      size::float8 as size, mtime as modified
    from file join folder on folder.id = file.folder_id
    where source_id = ${sourceId} and gone_at is null
    order by random() limit ${most}
  `);
}

/** Every source that was ever known, first known first. */
export async function allSources(db: Session): Promise<KnownSource[]> {
  const rows = await db.query<Row>(sql`select ${columns} from source where kind = 'source' order by id`);
  return rows.map(toKnown);
}

/** The archive with this root; null if none was ever seen there. */
export async function archiveAt(db: Session, root: PathText): Promise<KnownSource | null> {
  const rows = await db.query<Row>(sql`select ${columns} from source where kind = 'archive' and root = ${root}`);
  return rows.map(toKnown)[0] ?? null;
}

/** The archive that was used last. */
export async function lastArchive(db: Session): Promise<KnownSource | null> {
  const rows = await db.query<Row>(sql`
    select ${columns} from source where kind = 'archive' order by used_at desc, id desc limit 1
  `);
  return rows.map(toKnown)[0] ?? null;
}

/** Whether no scan has seen a file of it yet. */
export async function isUnseen(db: Session, id: number): Promise<boolean> {
  const [row] = await db.query<{ unseen: boolean }>(sql`
    select not exists (select from folder where source_id = ${id}) as unseen
  `);
  return row?.unseen === true;
}

/** Remembers that a scan looks at it: until {@link sourceScanned} it may have seen only a part. */
export async function scanBegun(db: Session, id: number): Promise<void> {
  await db.query(sql`update source set scan_begun_at = now() where id = ${id}`);
}

/** Remembers what is mounted, and that a scan saw everything. */
export async function sourceScanned(db: Session, id: number, mount: MountedAs | null): Promise<void> {
  await db.query(sql`
    update source set scanned_at = now(), mount_point = ${mount?.point ?? null}, mount_type = ${mount?.type ?? null},
      mount_source = ${mount?.source ?? null}
    where id = ${id}
  `);
}

function known([row]: readonly Row[]): KnownSource {
  if (row === undefined) throw new Error("a source was written but not returned");
  return toKnown(row);
}

function toKnown({ id, name, root, point, type, source, marker, scanned, scannedWhole }: Row): KnownSource {
  const mount = point === null || type === null || source === null ? null : { point, type, source };
  return { id, name, root, mount, marker, scanned, scannedWhole };
}
