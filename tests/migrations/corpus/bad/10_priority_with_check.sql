-- finds constraint-scans
-- The default is constant, and still every row is checked.
alter table depot.parcels
  add column priority smallint not null default 0 check (priority between 0 and 9);
