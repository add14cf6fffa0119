-- finds drop-table
drop table if exists depot.scans_2026;
