-- finds timestamp-without-zone
alter table depot.parcels add column delivered_at timestamp;
