--! contract
-- finds set-not-null-scans
alter table depot.parcels alter remark set not null;
