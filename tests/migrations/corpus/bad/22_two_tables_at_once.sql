-- finds several-tables-locked
alter table depot.customers add column language text;
alter table depot.parcels add column language text;
