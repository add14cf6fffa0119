-- finds json-column
alter table depot.parcels add column extra json;
