CREATE OR REPLACE FUNCTION check_added()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if exists (select from added left join folder on folder.id = added.folder_id where folder.id is null) then
    raise foreign_key_violation using message = 'a file must lie in a folder';
  end if;
  update folder set digest = null where id in (select folder_id from added) and digest is not null;
  return null;
end $function$

CREATE OR REPLACE FUNCTION forget_comparison()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if exists (select from written) then
    delete from compared;
  end if;
  return null;
end $function$

CREATE OR REPLACE FUNCTION forget_digest()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  update folder set digest = null where id in (old.folder_id, new.folder_id) and digest is not null;
  return null;
end $function$

CREATE OR REPLACE FUNCTION path_key(path text)
 RETURNS bytea
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE STRICT
RETURN sha256(decode(replace(path, '\'::text, '\\'::text), 'escape'::text))

table claim
  folder text collate "C" not null
  name text collate "C" not null
  size bigint not null
  mtime bigint not null
  mtime_unit bigint not null
  hash bytea not null
  import_id integer not null
  constraint claim_import_id_fkey FOREIGN KEY (import_id) REFERENCES import(id)
  CREATE UNIQUE INDEX claim_place ON claim USING btree (path_key(folder), name)

table compared
  source_ids integer[] not null
  archive_id integer
  junk text not null
  groups bigint not null
  files bigint not null
  bytes bigint not null

table entry
  archive_id integer not null
  hash bytea not null
  file_id bigint not null
  captured jsonb
  run_id text collate "C"
  verified_at timestamp with time zone
  verified_run text collate "C"
  damaged_hash bytea
  constraint entry_archive_id_fkey FOREIGN KEY (archive_id) REFERENCES source(id)
  constraint entry_file_id_fkey FOREIGN KEY (file_id) REFERENCES file(id)
  constraint entry_file_id_key UNIQUE (file_id)
  constraint entry_pkey PRIMARY KEY (archive_id, hash)
  CREATE INDEX entry_damaged ON entry USING btree (archive_id) WHERE (damaged_hash IS NOT NULL)

table evidence
  file_id bigint not null
  facts jsonb not null
  constraint evidence_pkey PRIMARY KEY (file_id)

table file
  id bigint not null generated always as identity
  folder_id bigint not null
  size bigint not null
  mtime bigint not null
  ctime bigint not null
  device bigint
  inode bigint
  name text collate "C" not null
  junk boolean not null
  racy boolean not null default false
  head bytea
  hash bytea
  recorded_at timestamp with time zone not null default now()
  gone_at timestamp with time zone
  claimed boolean not null default false
  constraint file_pkey PRIMARY KEY (id)
  CREATE INDEX file_claimed ON file USING btree (id) WHERE claimed
  CREATE INDEX file_hash ON file USING btree (hash) WHERE (hash IS NOT NULL)
  CREATE UNIQUE INDEX file_name ON file USING btree (folder_id, name)
  CREATE INDEX file_size ON file USING btree (size) WHERE (gone_at IS NULL)
  CREATE TRIGGER file_added AFTER INSERT ON file REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION check_added()
  CREATE TRIGGER file_changed AFTER UPDATE ON file FOR EACH ROW WHEN (old.folder_id IS DISTINCT FROM new.folder_id OR old.name IS DISTINCT FROM new.name OR old.size IS DISTINCT FROM new.size OR old.mtime IS DISTINCT FROM new.mtime OR old.ctime IS DISTINCT FROM new.ctime OR old.device IS DISTINCT FROM new.device OR old.inode IS DISTINCT FROM new.inode OR old.junk IS DISTINCT FROM new.junk OR old.gone_at IS DISTINCT FROM new.gone_at) EXECUTE FUNCTION forget_digest()
  CREATE TRIGGER file_compared_added AFTER INSERT ON file REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION forget_comparison()
  CREATE TRIGGER file_compared_changed AFTER UPDATE ON file REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION forget_comparison()
  CREATE TRIGGER file_compared_removed AFTER DELETE ON file REFERENCING OLD TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION forget_comparison()

table folder
  id bigint not null generated always as identity
  source_id integer not null
  path text collate "C" not null
  digest bytea
  constraint folder_pkey PRIMARY KEY (id)
  constraint folder_source_id_fkey FOREIGN KEY (source_id) REFERENCES source(id)
  CREATE UNIQUE INDEX folder_path ON folder USING btree (source_id, path_key(path))

table import
  id integer not null generated always as identity
  run_id text collate "C" not null
  origin text not null
  complete boolean
  constraint import_pkey PRIMARY KEY (id)
  constraint import_run_id_fkey FOREIGN KEY (run_id) REFERENCES run(id)

table migration
  number integer not null
  name text not null
  applied_at timestamp with time zone not null default now()
  constraint migration_pkey PRIMARY KEY (number)

table problem
  id bigint not null generated always as identity
  run_id text collate "C" not null
  source text not null
  path text collate "C" not null
  code text not null
  message text not null
  constraint problem_pkey PRIMARY KEY (id)
  constraint problem_run_id_fkey FOREIGN KEY (run_id) REFERENCES run(id)
  CREATE INDEX problem_run ON problem USING btree (run_id)

table run
  id text collate "C" not null
  command text not null
  archive_id integer
  started_at timestamp with time zone not null
  ended_at timestamp with time zone
  status text not null
  summary jsonb
  host text
  pid integer
  constraint run_archive_id_fkey FOREIGN KEY (archive_id) REFERENCES source(id)
  constraint run_pkey PRIMARY KEY (id)
  CREATE INDEX run_started ON run USING btree (started_at)

table source
  id integer not null generated always as identity
  kind text not null
  name text collate "C" not null
  root text collate "C" not null
  marker text
  mount_point text
  mount_type text
  mount_source text
  scanned_at timestamp with time zone
  used_at timestamp with time zone not null default now()
  scan_begun_at timestamp with time zone
  constraint source_kind_check CHECK (kind = ANY (ARRAY['source'::text, 'archive'::text]))
  constraint source_pkey PRIMARY KEY (id)
  CREATE UNIQUE INDEX archive_root ON source USING btree (path_key(root)) WHERE (kind = 'archive'::text)
  CREATE UNIQUE INDEX source_name ON source USING btree (name) WHERE (kind = 'source'::text)

view files
  id bigint
  full_path text collate "C"
  hash text
  size bigint
  mtime timestamp with time zone
  scan_time timestamp with time zone
  consolidated boolean
  canonical_path_in_archive text collate "C"
 SELECT file.id,
    ((source.root || '/'::text) ||
        CASE
            WHEN folder.path = ''::text THEN ''::text
            ELSE folder.path || '/'::text
        END) || file.name AS full_path,
    encode(file.hash, 'hex'::text) AS hash,
    file.size,
    '1970-01-01 00:00:00+00'::timestamp with time zone + (file.mtime / 1000)::double precision * '00:00:00.000001'::interval AS mtime,
    GREATEST(file.recorded_at, source.scanned_at) AS scan_time,
    entry.file_id IS NOT NULL AS consolidated,
    ((archive.root || '/'::text) ||
        CASE
            WHEN entry_folder.path = ''::text THEN ''::text
            ELSE entry_folder.path || '/'::text
        END) || entry_file.name AS canonical_path_in_archive
   FROM file
     JOIN folder ON folder.id = file.folder_id
     JOIN source ON source.id = folder.source_id
     LEFT JOIN entry ON entry.hash = file.hash AND entry.archive_id = (( SELECT source_1.id
           FROM source source_1
          WHERE source_1.kind = 'archive'::text
          ORDER BY source_1.used_at DESC, source_1.id DESC
         LIMIT 1))
     LEFT JOIN file entry_file ON entry_file.id = entry.file_id
     LEFT JOIN folder entry_folder ON entry_folder.id = entry_file.folder_id
     LEFT JOIN source archive ON archive.id = entry.archive_id
  WHERE file.gone_at IS NULL;
