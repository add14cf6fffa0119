alter table depot.parcels
  add column priority smallint not null default 0,
  add column added_at timestamptz not null default now();
