-- finds drop-column
alter table depot.parcels
  add column size text,
  drop column if exists depth;
