-- run by psql
create index concurrently if not exists parcels_created on depot.parcels (created_at);
