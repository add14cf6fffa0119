-- run by psql
analyze depot.parcels;
refresh materialized view concurrently depot.parcels_per_customer;
