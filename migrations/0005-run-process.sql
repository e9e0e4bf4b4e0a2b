-- Which process a run is, so that whoever must wait for it can be told.

alter table run add column host text;
alter table run add column pid int;
