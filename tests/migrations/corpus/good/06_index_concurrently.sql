--! concurrently
create index concurrently parcels_created on depot.parcels (created_at);
