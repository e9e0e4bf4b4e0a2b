-- The inventory: what every source and the archive hold, as last seen.
-- Paths and names are text that can be read back to the exact bytes: a byte that
-- is not part of valid UTF-8, a control character or a backslash stands as \xNN.
-- Times of files are nanoseconds since 1970, as the file system tells them.

-- A B-tree key may not exceed 2,704 bytes, a path may have 4,096: paths are found by their digest.
create function path_key(path text) returns bytea
  immutable strict parallel safe language sql
  return sha256(decode(replace(path, '\', '\\'), 'escape'));

create table source (
  id int generated always as identity primary key,
  kind text not null check (kind in ('source', 'archive')),
  name text collate "C" not null,
  root text collate "C" not null,
  marker text,                      -- of an archive: the id in its .onefold/archive.json
  mount_point text, mount_type text, mount_source text,
  scanned_at timestamptz,           -- end of the last scan that saw everything
  used_at timestamptz not null default now()
);
create unique index source_name on source (name) where kind = 'source';
create unique index archive_root on source (path_key(root)) where kind = 'archive';

create table folder (
  id bigint generated always as identity primary key,
  source_id int not null references source,
  path text collate "C" not null    -- below the source's root, '' for the root itself
);
create unique index folder_path on folder (source_id, path_key(path));

create table file (
  id bigint generated always as identity primary key,
  folder_id bigint not null references folder,
  size bigint not null,
  mtime bigint not null,
  ctime bigint not null,
  device bigint,                    -- both null where nothing is gained by them, or they cannot be trusted;
  inode bigint,                     -- equal in two files of one source: hard links
  name text collate "C" not null,
  junk boolean not null,
  racy boolean not null default false, -- changed within seconds of its hashing: hash it again
  head bytea,                       -- digest of the first and the last bytes, for files read in part
  hash bytea,                       -- BLAKE3-256 of the whole content
  recorded_at timestamptz not null default now(),
  gone_at timestamptz
);
create unique index file_name on file (folder_id, name);
create index file_size on file (size) where gone_at is null;
create index file_hash on file (hash) where hash is not null;

-- Where the archive holds a content: the one path in its layout.
create table entry (
  archive_id int not null references source,
  hash bytea not null,
  file_id bigint not null unique references file,
  captured jsonb,                   -- when its content was captured, and from what we know it
  primary key (archive_id, hash)
);

-- What the bytes of a photo, a video or a sidecar say about themselves.
create table evidence (
  file_id bigint primary key references file,
  facts jsonb not null
);

create table run (
  id text collate "C" primary key,
  command text not null,
  archive_id int references source,
  started_at timestamptz not null,
  ended_at timestamptz,
  status text not null,             -- running, complete, incomplete, interrupted, failed
  summary jsonb
);
create index run_started on run (started_at);

create table problem (
  id bigint generated always as identity primary key,
  run_id text collate "C" not null references run,
  source text not null,
  path text collate "C" not null,
  code text not null,
  message text not null
);
create index problem_run on problem (run_id);

-- One row for every file that exists: the view for people with SQL.
create view files as
select
  file.id,
  source.root || '/' || case when folder.path = '' then '' else folder.path || '/' end || file.name as full_path,
  encode(file.hash, 'hex') as hash,
  file.size,
  timestamptz 'epoch' + (file.mtime / 1000) * interval '1 microsecond' as mtime,
  greatest(file.recorded_at, source.scanned_at) as scan_time,
  entry.file_id is not null as consolidated,
  archive.root || '/' || case when entry_folder.path = '' then '' else entry_folder.path || '/' end || entry_file.name
    as canonical_path_in_archive
from file
join folder on folder.id = file.folder_id
join source on source.id = folder.source_id
left join entry on entry.hash = file.hash and entry.archive_id = (
  select id from source where kind = 'archive' order by used_at desc, id desc limit 1
)
left join file as entry_file on entry_file.id = entry.file_id
left join folder as entry_folder on entry_folder.id = entry_file.folder_id
left join source as archive on archive.id = entry.archive_id
where file.gone_at is null;
