-- finds column-type-rewrites
alter table depot.parcels alter column depth type bigint;
