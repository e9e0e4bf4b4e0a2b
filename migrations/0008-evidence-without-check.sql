-- Rows of files are never taken away, and what was read of one is written only for a row that was just seen. To look it up
-- again for each took two thirds of the time of writing, and wrote a lock into the row of the file.
alter table evidence drop constraint evidence_file_id_fkey;
