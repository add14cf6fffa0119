--! contract
-- finds partition-detach-not-concurrent
alter table depot.scans detach partition depot.scans_2025;
