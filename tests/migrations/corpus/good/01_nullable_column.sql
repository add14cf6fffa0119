alter table depot.parcels add column note text;
