-- run by psql
-- finds budget-of-concurrent-build
set lock_timeout = '500ms';
create index concurrently parcels_created on depot.parcels (created_at);
