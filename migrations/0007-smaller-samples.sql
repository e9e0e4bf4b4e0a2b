-- What the planner must know of files is coarse: a sample of 9,000 rows tells it as well as one of 30,000, in a fraction
-- of the time. Their statistics are made anew several times within a first scan.
alter table file
  alter column id set statistics 30, alter column folder_id set statistics 30, alter column size set statistics 30,
  alter column head set statistics 30, alter column hash set statistics 30, alter column device set statistics 30,
  alter column inode set statistics 30, alter column gone_at set statistics 30;
