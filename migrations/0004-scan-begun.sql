-- When a scan last looked at a source: if it did not see everything, that is later than scanned_at.

alter table source add column scan_begun_at timestamptz;
