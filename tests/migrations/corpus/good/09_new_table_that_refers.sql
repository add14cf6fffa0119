create table depot.stops (
  parcel_id uuid not null references depot.parcels (id),
  at timestamptz not null,
  primary key (parcel_id, at)
);
