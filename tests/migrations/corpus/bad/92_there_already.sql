-- finds index-not-concurrent
create table if not exists depot.parcels (id uuid primary key);
create index parcels_remark on depot.parcels (remark);
