import { type Session, sql } from "./database.ts";

/**
 * Records what reading found. A file that changed since it was walked is recorded as it was
 * when it was read.
 *
 * @param rows In binary: id, size, mtime, ctime, racy, head, hash.
 */
export async function recordHashes(session: Session, rows: Iterable<Uint8Array>): Promise<void> {
  await session.query(sql`
    create temp table if not exists hashed (
      id bigint, size bigint, mtime bigint, ctime bigint, racy boolean, head bytea, hash bytea
    )
  `);
  await session.query(sql`truncate hashed`);
  await session.copyIn("hashed (id, size, mtime, ctime, racy, head, hash)", rows, "binary");
  await session.query(sql`
    update file set size = hashed.size, mtime = hashed.mtime, ctime = hashed.ctime, racy = hashed.racy,
      head = coalesce(hashed.head, file.head), hash = coalesce(hashed.hash, file.hash),
      claimed = file.claimed and hashed.hash is null
    from hashed where file.id = hashed.id
  `);
}

/** Gives what is known of one name of an inode to its other names in the same source. */
export async function shareAmongHardLinks(session: Session, sourceIds: readonly number[]): Promise<void> {
  await session.query(sql`
    with linked as (
      select file.*, source_id from file join folder on folder.id = file.folder_id
      where inode is not null and gone_at is null and source_id = any(${sourceIds}::int[])
    )
    update file set head = known.head, hash = known.hash, racy = known.racy, claimed = known.claimed
    from (
      select distinct on (blank.id) blank.id, known.head, known.hash, known.racy, known.claimed
      from linked as blank
      join linked as known using (source_id, device, inode, size, mtime)
      where (blank.hash is null and (known.hash is not null or (known.head is not null and blank.head is null)))
        or (blank.claimed and known.hash is not null and not known.claimed)
      order by blank.id, known.hash is null, known.claimed
    ) as known
    where file.id = known.id
  `);
}
