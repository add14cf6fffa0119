-- finds refresh-not-concurrent
refresh materialized view depot.parcels_per_customer;
