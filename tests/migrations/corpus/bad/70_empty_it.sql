-- finds truncate-table
truncate table depot.scans_2026;
