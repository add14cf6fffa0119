-- finds drop-default
alter table depot.parcels alter column state drop default;
