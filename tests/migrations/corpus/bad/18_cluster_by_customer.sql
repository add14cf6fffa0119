-- run by psql
-- finds table-rewrite
set lock_timeout = '500ms';
cluster depot.parcels using parcels_customer;
