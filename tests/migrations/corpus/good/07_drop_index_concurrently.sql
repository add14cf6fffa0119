--! concurrently
drop index concurrently if exists depot.parcels_customer;
