-- What other programs say about files. A claim may save a reading; nothing is ever copied past, linked or removed on it.

create table import (
  id int generated always as identity primary key,
  run_id text collate "C" not null references run,
  origin text not null,             -- the program, and the file with its results
  complete boolean                  -- null: never read to its end
);

create table claim (
  folder text collate "C" not null, -- absolute; where the file need not be known, nor be there
  name text collate "C" not null,
  size bigint not null,
  mtime bigint not null,            -- nanoseconds since 1970, rounded down to mtime_unit
  mtime_unit bigint not null,
  hash bytea not null,
  import_id int not null references import
);
create unique index claim_place on claim (path_key(folder), name);

-- Its hash is what a claim says: none of our programs has read the file yet.
alter table file add column claimed boolean not null default false;
create index file_claimed on file (id) where claimed;
