refresh materialized view concurrently depot.parcels_per_customer;
