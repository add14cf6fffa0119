-- finds column-default-rewrites
alter table depot.parcels add column token uuid not null default gen_random_uuid();
