-- finds table-rewrite
alter table depot.scans_2026 set unlogged;
