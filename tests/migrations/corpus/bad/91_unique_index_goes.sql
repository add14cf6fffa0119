-- run by psql
-- finds drop-key
drop index concurrently if exists depot.parcels_barcode;
