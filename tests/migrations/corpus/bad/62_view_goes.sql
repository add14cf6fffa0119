-- finds drop-table
drop materialized view depot.parcels_per_customer;
