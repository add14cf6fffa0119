-- run by psql
-- finds concurrently-in-transaction
begin;
create index concurrently parcels_created on depot.parcels (created_at);
commit;
