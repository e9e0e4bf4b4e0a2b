-- How far an entry can be trusted: which run brought its content in, and when its bytes were last read from the disk.

alter table entry add column run_id text collate "C";      -- that copied it; null: it was found in the archive
alter table entry add column verified_at timestamptz;      -- last read in full after that run
alter table entry add column verified_run text collate "C";
alter table entry add column damaged_hash bytea;           -- what that reading gave, if it was not the content
create index entry_damaged on entry (archive_id) where damaged_hash is not null;
