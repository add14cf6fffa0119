-- finds column-default-rewrites
alter table depot.parcels add column seen_at timestamptz default clock_timestamp();
