-- finds whole-table-write
delete from depot.scans_2026 where 1 = 1;
