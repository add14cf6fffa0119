-- finds column-type-rewrites
alter table depot.parcels alter column barcode type text collate "C";
