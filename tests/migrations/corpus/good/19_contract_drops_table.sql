--! contract
drop table depot.scans_2026;
